// Puts a kernel that is not packed where it belongs.

static void unpack(byte *out, word size)
{
	const word *from = (const word *)payload;
	word *to = (word *)out, *end = (word *)(out + size);
	while (to < end) {
		to[0] = from[0];
		to[1] = from[1];
		to[2] = from[2];
		to[3] = from[3];
		to += 4;
		from += 4;
	}
}
