// LLM.int8(): the columns that see outliers, put first by their order, in f16; all others as bytes with a scale for each row.
scheme llmint8(outliers = 64) {
  order : u32 per column;
  columns 0 .. outliers : f16;
  columns outliers .. K : int8_row;
  input = x[order];
}
