// A kernel that unpacks itself stays where it is.

static void unpack(byte *out, word size)
{
	(void)out;
	(void)size;
}
