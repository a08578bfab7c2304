// Unpacks raw LZMA with the filter for ARM: small, and slow to start.
//
// The format is that of the LZMA specification by its author; LC, LP and PB are fixed when it is
// built. The range coder lives in three registers of its own, so that a bit costs few
// instructions.
register word range asm("r8");
register word code asm("r9");
register const byte *input asm("r10");

static inline __attribute__((always_inline)) void refill(void)
{
	if (range < 1u << 24) {
		range <<= 8;
		code = code << 8 | *input++;
	}
}

static __attribute__((noinline)) word bit(half *p)
{
	word v = *p, bound;
	refill();
	bound = (range >> 11) * v;
	if (code < bound) {
		range = bound;
		*p = v + ((2048 - v) >> 5);
		return 0;
	}
	range -= bound;
	code -= bound;
	*p = v - (v >> 5);
	return 1;
}

static word tree(half *p, word limit)
{
	word m = 1;
	do
		m = m << 1 | bit(p + m);
	while (m < limit);
	return m - limit;
}

static word reverse(half *p, word bits)
{
	word m = 1, v = 0, i;
	for (i = 0; i < bits; i++) {
		word b = bit(p + m);
		m = m << 1 | b;
		v |= b << i;
	}
	return v;
}

static word length(half *p, word position)
{
	if (!bit(p))
		return tree(p + 2 + position * 8, 8);
	if (!bit(p + 1))
		return 8 + tree(p + 2 + 128 + position * 8, 8);
	return 16 + tree(p + 2 + 256, 256);
}

enum {
	IS_MATCH = 0, IS_REP = IS_MATCH + 12 * 16, IS_REP0 = IS_REP + 12, IS_REP1 = IS_REP0 + 12,
	IS_REP2 = IS_REP1 + 12, IS_REP0_LONG = IS_REP2 + 12, SLOT = IS_REP0_LONG + 12 * 16,
	SPECIAL = SLOT + 4 * 64, ALIGN_BITS = SPECIAL + 128, LENGTH = ALIGN_BITS + 16,
	REP_LENGTH = LENGTH + 2 + 256 + 256, LITERAL = REP_LENGTH + 2 + 256 + 256,
	COUNT = LITERAL + (0x300 << (LC + LP))
};

static void unpack(byte *out, word size)
{
	half *p = probabilities;
	word i, state = 0, rep0 = 1, rep1 = 1, rep2 = 1, rep3 = 1;
	byte *start = out, *end = out + size;
	for (i = 0; i < COUNT; i++)
		p[i] = 1024;
	input = payload + 1;
	range = -1;
	for (code = 0, i = 0; i < 4; i++)
		code = code << 8 | *input++;
	while (out < end) {
		word place = out - start, position = place & ((1 << PB) - 1), n;
		if (!bit(p + IS_MATCH + state * 16 + position)) {
			word before = place ? out[-1] : 0, symbol = 1;
			half *l = p + LITERAL + 0x300 * (((place & ((1 << LP) - 1)) << LC) + (before >> (8 - LC)));
			if (state >= 7) {
				word match = *(out - rep0), offset = 0x100;
				do {
					word b;
					match <<= 1;
					b = bit(l + offset + (match & offset) + symbol);
					symbol = symbol << 1 | b;
					offset &= b ? match : ~match;
				} while (symbol < 0x100);
			} else
#pragma GCC unroll 8
				for (i = 0; i < 8; i++)
					symbol = symbol << 1 | bit(l + symbol);
			*out++ = symbol;
			state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
			continue;
		}
		if (bit(p + IS_REP + state)) {
			if (!bit(p + IS_REP0 + state)) {
				if (!bit(p + IS_REP0_LONG + state * 16 + position)) {
					state = state < 7 ? 9 : 11;
					*out = *(out - rep0);
					out++;
					continue;
				}
			} else {
				word d;
				if (!bit(p + IS_REP1 + state))
					d = rep1;
				else {
					if (!bit(p + IS_REP2 + state))
						d = rep2;
					else {
						d = rep3;
						rep3 = rep2;
					}
					rep2 = rep1;
				}
				rep1 = rep0;
				rep0 = d;
			}
			n = length(p + REP_LENGTH, position);
			state = state < 7 ? 8 : 11;
		} else {
			word slot;
			rep3 = rep2;
			rep2 = rep1;
			rep1 = rep0;
			n = length(p + LENGTH, position);
			state = state < 7 ? 7 : 10;
			slot = tree(p + SLOT + (n < 3 ? n : 3) * 64, 64);
			if (slot < 4)
				rep0 = slot + 1;
			else {
				word bits = (slot >> 1) - 1;
				rep0 = (2 | (slot & 1)) << bits;
				if (slot < 14)
					rep0 += reverse(p + SPECIAL + rep0 - slot, bits);
				else {
					word direct = 0;
					for (i = bits - 4; i; i--) {
						refill();
						range >>= 1;
						direct <<= 1;
						if (code >= range) {
							code -= range;
							direct |= 1;
						}
					}
					rep0 += direct << 4;
					rep0 += reverse(p + ALIGN_BITS, 4);
				}
				rep0++;
			}
		}
		for (n += 2; n; n--) {
			*out = *(out - rep0);
			out++;
		}
	}
	// Calls were packed with absolute targets, which repeat; make them relative again.
	for (i = 0; i + 4 <= size; i += 4)
		if (start[i + 3] == 0xeb) {
			word *w = (word *)(start + i);
			*w = 0xeb000000 | ((*w - ((i + 8) >> 2)) & 0xffffff);
		}
}
