/*
 * A system for the ARM Versatile PB that the tests boot in place of Linux, in a moment: a prompt on
 * the console, a screen, a keyboard and a mouse, and every way in which a boot can go wrong.
 *
 * Registers: ARM's DUI 0225 (the board), DDI 0183 (PL011), DDI 0161 (PL110), DDI 0143 (PL050).
 */

typedef unsigned int word;
typedef unsigned char byte;

#define REGISTER(address) (*(volatile word *)(address))

enum {
	UART = 0x101f1000, UART_FLAGS = UART + 0x18, EMPTY = 0x10, FULL = 0x20,
	DISPLAY = 0x10120000, KEYBOARD = 0x10006000, MOUSE = 0x10007000,
	LOCK = 0x10000020, RESET = 0x10000040,
	WIDTH = 320, HEIGHT = 240,
};

static word *const pixels = (word *)0x100000;

/* What the boot loader or the device tree told. */
static const char *words = "";
/* Not among what is nought at first: the device tree begins where that would be. */
static word memory __attribute__((section(".data")));

void start(word nought, word board, const word *tags);
extern const byte _edata[];

/* The linker puts what is unlikely first, and the image is entered at its beginning. */
__attribute__((naked, section(".text.unlikely"))) void entry(void)
{
	/* The vectors are at nought, so the stack begins below the pixels. */
	__asm__("mov sp, #0x100000\n\tb start");
}

static void put(char letter)
{
	while (REGISTER(UART_FLAGS) & FULL)
		;
	REGISTER(UART) = letter;
}

static void say(const char *text)
{
	while (*text)
		put(*text++);
}

static char get(void)
{
	while (REGISTER(UART_FLAGS) & EMPTY)
		;
	return REGISTER(UART);
}

static void say_number(word number)
{
	char digits[11];
	char *digit = digits + 10;

	*digit = 0;
	do {
		word rest = 0;
		/* There is no division in the processor: count down. */
		while (number >= 10) {
			number -= 10;
			rest++;
		}
		*--digit = '0' + number;
		number = rest;
	} while (number);
	say(digit);
}

static void say_byte(byte value)
{
	put("0123456789abcdef"[value >> 4]);
	put("0123456789abcdef"[value & 15]);
	put(' ');
}

static const char *find(const char *text, const char *what)
{
	for (; *text; text++) {
		const char *one = text, *other = what;

		while (*other && *one == *other)
			one++, other++;
		if (!*other)
			return text;
	}
	return 0;
}

static int begins(const char *text, const char *what)
{
	return find(text, what) == text;
}

static word big_endian(const byte *bytes)
{
	return bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/* Devicetree Specification 0.4, section 5.4. */
static void read_tree(const byte *tree)
{
	const byte *token = tree + big_endian(tree + 8);
	const char *strings = (const char *)tree + big_endian(tree + 12);
	int in_memory = 0;

	for (;; ) {
		word kind = big_endian(token);

		token += 4;
		if (kind == 1) {
			in_memory = begins((const char *)token, "memory");
			while (*token)
				token++;
			token = (const byte *)(((word)token + 4) & ~3);
		} else if (kind == 3) {
			word length = big_endian(token);
			const char *name = strings + big_endian(token + 4);

			if (begins(name, "bootargs"))
				words = (const char *)token + 8;
			if (in_memory && begins(name, "reg"))
				memory = big_endian(token + 12);
			token += (8 + length + 3) & ~3;
		} else if (kind == 9) {
			return;
		}
	}
}

/* The kernel's Documentation/arm/booting.rst and uapi/asm/setup.h. */
static void read_tags(const word *tag)
{
	for (; tag[0]; tag += tag[0]) {
		if (tag[1] == 0x54410002)
			memory = tag[2];
		if (tag[1] == 0x54410009)
			words = (const char *)(tag + 2);
	}
}

static void draw(word shift)
{
	for (word y = 0; y < HEIGHT; y++)
		for (word x = 0; x < WIDTH; x++)
			pixels[y * WIDTH + x] = ((x + shift) & 0xff) << 16 | (y & 0xff) << 8 | 0x40;
	REGISTER(DISPLAY) = (WIDTH / 16 - 1) << 2;
	REGISTER(DISPLAY + 4) = HEIGHT - 1;
	REGISTER(DISPLAY + 0x10) = (word)pixels;
	/* On, with 24 bits per pixel, blue and red the other way round. */
	REGISTER(DISPLAY + 0x18) = 1 | 5 << 1 | 1 << 8 | 1 << 11;
}

static void hear(void)
{
	REGISTER(KEYBOARD) = 4;
	REGISTER(MOUSE) = 4;
	/* The mouse says nothing before it is asked to. */
	REGISTER(MOUSE + 8) = 0xf4;
	say("listening\r\n");
	for (;; ) {
		if (REGISTER(KEYBOARD + 4) & 0x10) {
			say("key ");
			say_byte(REGISTER(KEYBOARD + 8));
			say("\r\n");
		}
		if (REGISTER(MOUSE + 4) & 0x10) {
			say("mouse ");
			say_byte(REGISTER(MOUSE + 8));
			say("\r\n");
		}
	}
}

static void stop(void)
{
	REGISTER(LOCK) = 0xa05f;
	REGISTER(RESET) = 0x106;
	for (;; )
		;
}

/* Runs a command, which ends with a quote, and gives its exit code. */
static word run(const char *command)
{
	if (begins(command, "echo ")) {
		for (command += 5; *command != '\''; command++)
			put(*command);
		say("\r\n");
	} else if (begins(command, "exit ")) {
		return command[5] - '0';
	} else if (begins(command, "words")) {
		say(words);
		say("\r\n");
	} else if (begins(command, "memory")) {
		say_number(memory >> 20);
		say(" MB\r\n");
	} else if (begins(command, "noisy")) {
		say("4[    1.234567] random: crng init done\r\n2\r\n");
	} else if (begins(command, "draw")) {
		draw(0);
	} else if (begins(command, "move")) {
		for (word shift = 0;; shift++)
			draw(shift);
	} else if (begins(command, "hear")) {
		hear();
	} else if (begins(command, "endless")) {
		for (;; )
			say("endless ");
	} else if (begins(command, "hang")) {
		for (;; )
			;
	} else {
		say("not found\r\n");
		return 127;
	}
	return 0;
}

/* Reads a line and echoes it, wrapped as a line editor does. */
static void read_line(char *line)
{
	word column = 4;

	for (;; line++) {
		*line = get();
		if (*line == '\n')
			break;
		put(*line);
		if (++column == 80) {
			say("\r\n");
			column = 0;
		}
	}
	*line = 0;
	say("\r\n");
}

static void shell(void)
{
	static char line[2000] = { 1 };

	for (;; ) {
		say("/ # ");
		read_line(line);
		const char *number = find(line, "begin-");
		const char *command = find(line, "(eval '");

		if (!number || !command)
			continue;
		word mark = 0;
		for (number += 6; *number >= '0' && *number <= '9'; number++)
			mark = mark * 10 + *number - '0';
		say("tiny-begin-");
		say_number(mark);
		say("\r\n");
		word code = run(command + 7);
		say("tiny-end-");
		say_number(mark);
		put(' ');
		say_number(code);
		say("\r\n");
	}
}

/* A boot that is counted: it works for a while, draws if it is to, and ends. */
static void counted(void)
{
	for (volatile word work = 0; work < 1000000; work++)
		;
	if (find(words, "rdinit=draw"))
		draw(0);
	say(find(words, "rdinit=bad") ? "bad\r\n" : "well\r\n");
	stop();
}

void start(word nought, word board, const word *tags)
{
	const byte *tree = (const byte *)(((word)_edata + 3) & ~3);

	(void)nought, (void)board;
	read_tags(tags);
	if (big_endian(tree) == 0xd00dfeed)
		read_tree(tree);
	if (find(words, "rdinit="))
		counted();
	if (find(words, "silent") || memory < 3 << 20)
		run("hang");
	say("a board of the tests\r\n");
	if (find(words, "endless"))
		run("endless");
	if (find(words, "panic"))
		say("VFS: no root\r\nKernel panic - not syncing: No working init found.\r\n");
	if (find(words, "stop"))
		stop();
	if (find(words, "panic") || find(words, "promptless"))
		run("hang");
	shell();
}
