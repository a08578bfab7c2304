// Unpacks a block of LZ4: larger, and quick to start.
//
// One LZ4 block: runs of plain bytes, each followed by a copy from what is already there.
static void unpack(byte *out, word size)
{
	const byte *in = payload;
	byte *end = out + size;
	for (;;) {
		word token = *in++, n = token >> 4, more;
		const byte *from;
		if (n == 15)
			do
				n += more = *in++;
			while (more == 255);
		while (n--)
			*out++ = *in++;
		if (out >= end)
			return;
		from = out - (in[0] | in[1] << 8);
		in += 2;
		n = token & 15;
		if (n == 15)
			do
				n += more = *in++;
			while (more == 255);
		for (n += 4; n--;)
			*out++ = *from++;
	}
}
