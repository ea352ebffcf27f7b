scheme p0 { c : u4; value = c; }
scheme p1 { columns 0 .. K / 4 : p0; columns K / 4 .. K / 2 : p0; columns K / 2 .. 3 * K / 4 : p0; columns 3 * K / 4 .. K : p0; }
scheme p2 { columns 0 .. K / 4 : p1; columns K / 4 .. K / 2 : p1; columns K / 2 .. 3 * K / 4 : p1; columns 3 * K / 4 .. K : p1; }
scheme p3 { columns 0 .. K / 4 : p2; columns K / 4 .. K / 2 : p2; columns K / 2 .. 3 * K / 4 : p2; columns 3 * K / 4 .. K : p2; }
scheme p4 { columns 0 .. K / 4 : p3; columns K / 4 .. K / 2 : p3; columns K / 2 .. 3 * K / 4 : p3; columns 3 * K / 4 .. K : p3; }
scheme p5 { columns 0 .. K / 4 : p4; columns K / 4 .. K / 2 : p4; columns K / 2 .. 3 * K / 4 : p4; columns 3 * K / 4 .. K : p4; }
scheme p6 { columns 0 .. K / 2 : p5; columns K / 2 .. K : p5; }
