/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs share: the screen, words drawn from rectangles, events, and how to leave. */

#ifndef STAGE_H
#define STAGE_H

#include <directfb.h>
#include <stdbool.h>

/* A program's own function, run on a stage that is open. */
typedef struct Stage Stage;
typedef void (*Play)(Stage *stage);

struct Stage {
    const char *name;
    IDirectFB *directfb;
    /* Only where the program has the screen for itself. */
    IDirectFBSurface *screen;
    int width;
    int height;
    /* After how many frames the picture stands still; 0: never. */
    long frames;
};

typedef struct {
    unsigned char red, green, blue, alpha;
} Colour;

/* Takes the whole screen for the program alone. */
void stage_open_screen(Stage *stage);

/* Shows the finished drawing. */
void stage_flip(Stage *stage);

/* Whether one more frame is to be drawn after so many. */
bool stage_goes_on(const Stage *stage, long drawn);

/* Says that the picture stands, and keeps it until Escape is pressed. */
void stage_hold(Stage *stage, IDirectFBEventBuffer *events);

/* Whether Escape or Q is among the events that wait; reads them all. */
bool stage_is_left(IDirectFBEventBuffer *events);

/* Keys, buttons and movements of every device. */
IDirectFBEventBuffer *stage_events(Stage *stage);

/* A surface beside the screen, with transparency. */
IDirectFBSurface *stage_sprite(Stage *stage, int width, int height);

/* Ends the program with the reason, unless the result is that all went well. */
void stage_check(const Stage *stage, DFBResult result, const char *attempt);

/* Forces the first mode of the framebuffer; harmless where it is on already. */
void switch_picture_on(void);

/* Keys mean letters, whether or not the kernel has a table of them. */
void give_keys_their_letters(Stage *stage);

void fill(IDirectFBSurface *surface, Colour colour, DFBRectangle area);

/* Draws capitals, digits and signs, each point of a letter `scale` pixels wide. */
void write_text(IDirectFBSurface *surface, Colour colour, int x, int y, int scale,
                const char *text);

/* How many pixels wide a text becomes. */
int text_width(int scale, const char *text);

void play_animation(Stage *stage);
void play_benchmark(Stage *stage);
void play_input(Stage *stage);
void play_windows(Stage *stage);

#endif
