rule own(group = 8) = int4_g(group = group), act = i8 per group;
rule loop = loop;
rule file = w4a9;
quantize { "a" : own(grup = 7); "b" : w4a16(group = 1 / 0); "c" : w4a61; "d" : own(group = 4), layout = gptg; "e" : own, act = i4; }
