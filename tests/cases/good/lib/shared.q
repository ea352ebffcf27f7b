const twice = 64;
// Shared.
scheme shared(group = 32) { code : u4; scale : f16 per group; value = scale * (code - 8); }
