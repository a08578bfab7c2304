// Prepares the board and puts the kernel in its place: writes how much memory there is into the
// device tree, and switches the display on, which then shows the end of the memory.
//
// How the display is set up, the manual of the PL110 and that of the board say (ARM DDI 0161, DUI
// 0224); in this board its registers for control and for interrupts have changed places.

typedef unsigned char byte;
typedef unsigned short half;
typedef unsigned int word;

extern const byte payload[];
extern const byte device_tree[];
extern half probabilities[];

#include UNPACK

// Where the kernel expects itself and the device tree.
#define KERNEL ((byte *)0x8000)
#define TREE ((word *)0x1000)

// What stands in the device tree for the size of the memory and for the address of the picture.
#define MEMORY_MARK 0x214d454d
#define PICTURE_MARK 0x21214246

// The item of the boot loader's list that says how much memory there is.
#define ATAG_MEM 0x54410002

static word swapped(word v)
{
	return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24;
}

#if PICTURE
// 640 by 480 pixels of 16 bits.
static void switch_display_on(word picture)
{
	volatile word *display = (volatile word *)0x10120000;
	display[0] = 0x3f1f3f9c;
	display[1] = 0x090b61df;
	display[2] = 0x067f1800;
	display[4] = picture;
	display[6] = 0x092d;
}
#endif

// With so little memory there is a shell or a picture, not both: the shell it is. The kernel's driver
// finds no place for a picture at nought, and there is no screen.
#define SHELL_ALONE 0x400000

// Gives the address to go on at; the device tree is at TREE.
const byte *loader(const word *tag)
{
	word memory = 0, picture = 0, i;
	for (; tag[0] && tag[1]; tag += tag[0])
		if (tag[1] == ATAG_MEM)
			memory = tag[2];
	if (PICTURE && memory > SHELL_ALONE)
		picture = memory -= PICTURE;
	unpack(KERNEL, SIZE);
	for (i = 0; i < TREE_SIZE / 4; i++) {
		word w = ((const word *)device_tree)[i];
		TREE[i] = w == MEMORY_MARK ? swapped(memory) : w == PICTURE_MARK ? swapped(picture) : w;
	}
#if PICTURE
	if (picture)
		switch_display_on(picture);
#endif
#ifdef UNPACKS_ITSELF
	return payload;
#else
	return KERNEL;
#endif
}
