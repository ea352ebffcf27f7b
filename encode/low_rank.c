#include "encode/inside.h"

#include <math.h>
#include <string.h>

enum { MORE = 6, ROUNDS = 6, SWEEPS = 30 };

// Columns side by side in memory: vector j of length n is x + j * n.
static double dot(const double *x, const double *y, uint64_t n) {
  double sum = 0;
  for (uint64_t i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

static void subtract(double *x, const double *y, double factor, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) x[i] -= factor * y[i];
}

// Gram and Schmidt, twice over, as once leaves what rounding put back; a vector of nothing but that becomes zero.
static void orthonormalise(double *x, size_t count, uint64_t n) {
  for (size_t j = 0; j < count; j++) {
    double before = sqrt(dot(x + j * n, x + j * n, n));
    for (int twice = 0; twice < 2; twice++)
      for (size_t i = 0; i < j; i++) subtract(x + j * n, x + i * n, dot(x + i * n, x + j * n, n), n);
    double length = sqrt(dot(x + j * n, x + j * n, n));
    double factor = length > 1e-12 * before ? 1 / length : 0;
    for (uint64_t i = 0; i < n; i++) x[j * n + i] *= factor;
  }
}

// u = a v, for `count` vectors.
static void multiply(const double *a, uint64_t rows, uint64_t columns, const double *v, size_t count, double *u) {
  for (uint64_t r = 0; r < rows; r++)
    for (size_t j = 0; j < count; j++) u[j * rows + r] = dot(a + r * columns, v + j * columns, columns);
}

// v = a^T u
static void multiply_transposed(const double *a, uint64_t rows, uint64_t columns, const double *u, size_t count,
                                double *v) {
  memset(v, 0, count * columns * sizeof *v);
  for (uint64_t r = 0; r < rows; r++)
    for (size_t j = 0; j < count; j++) subtract(v + j * columns, a + r * columns, -u[j * rows + r], columns);
}

// One rotation of Jacobi's that makes m[p][q] zero; q collects the rotations.
static void rotate(double *m, double *q, size_t n, size_t a, size_t b) {
  if (m[a * n + b] == 0) return;
  double theta = (m[b * n + b] - m[a * n + a]) / (2 * m[a * n + b]);
  double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
  for (size_t i = 0; i < n; i++) {
    double x = m[i * n + a], y = m[i * n + b];
    m[i * n + a] = c * x - s * y;
    m[i * n + b] = s * x + c * y;
  }
  for (size_t i = 0; i < n; i++) {
    double x = m[a * n + i], y = m[b * n + i];
    m[a * n + i] = c * x - s * y;
    m[b * n + i] = s * x + c * y;
    x = q[i * n + a], y = q[i * n + b];
    q[i * n + a] = c * x - s * y;
    q[i * n + b] = s * x + c * y;
  }
}

// Eigenvectors of a symmetric matrix as columns of q; the eigenvalues stay on the diagonal of m.
static void diagonalise(double *m, double *q, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) q[i * n + j] = i == j;
  for (int sweep = 0; sweep < SWEEPS; sweep++)
    for (size_t a = 0; a + 1 < n; a++)
      for (size_t b = a + 1; b < n; b++) rotate(m, q, n, a, b);
}

static void start(double *v, size_t count, uint64_t n) {
  uint64_t state = 1;
  for (uint64_t i = 0; i < count * n; i++) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    v[i] = (double)(int64_t)(state >> 11) * 0x1p-52 - 1;
  }
  orthonormalise(v, count, n);
}

// The largest eigenvalue that has not been taken.
static size_t take_largest(const double *m, size_t n, double *taken) {
  size_t best = n;
  for (size_t i = 0; i < n; i++)
    if (taken[i] == 0 && (best == n || m[i * n + i] > m[best * n + best])) best = i;
  taken[best] = 1;
  return best;
}

static void combine(const double *x, const double *q, size_t count, size_t column, uint64_t n, double factor,
                    double *out, uint64_t step) {
  for (uint64_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t j = 0; j < count; j++) sum += x[j * n + i] * q[j * count + column];
    out[i * step] = factor * sum;
  }
}

void low_rank_fit(const double *a, uint64_t rows, uint64_t columns, size_t rank, double *left, double *right) {
  uint64_t least = rows < columns ? rows : columns;
  size_t count = rank + MORE < least ? rank + MORE : (size_t)least;
  arena *mem = arena_new();
  double *u = ARENA_ARRAY(mem, double, count *rows), *v = ARENA_ARRAY(mem, double, count *columns);
  double *m = ARENA_ARRAY(mem, double, count *count), *q = ARENA_ARRAY(mem, double, count *count);
  double *taken = ARENA_ARRAY(mem, double, count);
  start(v, count, columns);
  for (int round = 0; round < ROUNDS; round++) {
    multiply(a, rows, columns, v, count, u);
    orthonormalise(u, count, rows);
    multiply_transposed(a, rows, columns, u, count, v);
    orthonormalise(v, count, columns);
  }
  multiply(a, rows, columns, v, count, u);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count; j++) m[i * count + j] = dot(u + i * rows, u + j * rows, rows);
  diagonalise(m, q, count);
  memset(left, 0, rank * rows * sizeof *left);
  memset(right, 0, rank * columns * sizeof *right);
  for (size_t r = 0; r < rank && r < count; r++) {
    size_t best = take_largest(m, count, taken);
    double value = sqrt(sqrt(m[best * count + best] > 0 ? m[best * count + best] : 0));
    if (value == 0) break;
    combine(u, q, count, best, rows, 1 / value, left + r, rank);
    combine(v, q, count, best, columns, value, right + r * columns, 1);
  }
  arena_free(mem);
}
