scheme nested { c : u4; value = sum(i < 300, sum(j < 300, sum(l < 300, c))); }
scheme constants { c : u4; value = c + sum(i < 4096, sum(j < 4096, 1)); }
scheme bounds { c : u4; value = sum(i < 2, sum(j < sum(l < 4096, sum(m < 4096, 1)), c)); }
