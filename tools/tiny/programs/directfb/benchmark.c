/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast DirectFB fills, blends, copies and stretches: figures on screen and standard output.
 *
 * With `--frames N` every drawing is done N times instead of for a second, and the screen shows how
 * often instead of how fast, so that the picture is the same on every machine. */

#include "stage.h"

#include <stdio.h>
#include <time.h>

enum { SIZE = 128, AT_ONCE = 20, LINE = 28, TOP = 48 };

typedef struct {
    const char *name;
    DFBSurfaceDrawingFlags drawing;
    DFBSurfaceBlittingFlags blitting;
    void (*draw)(Stage *stage, IDirectFBSurface *sprite, int x, int y);
} Test;

static void draw_rectangle(Stage *stage, IDirectFBSurface *sprite, int x, int y)
{
    (void)sprite;
    const Colour colour = {(unsigned char)x, (unsigned char)y, 0x80, 0x60};
    fill(stage->screen, colour, (DFBRectangle){x, y, SIZE, SIZE});
}

static void draw_line(Stage *stage, IDirectFBSurface *sprite, int x, int y)
{
    (void)sprite;
    stage->screen->SetColor(stage->screen, 0xff, (unsigned char)x, (unsigned char)y, 0xff);
    stage->screen->DrawLine(stage->screen, x, y, x + SIZE, y + SIZE);
}

static void draw_sprite(Stage *stage, IDirectFBSurface *sprite, int x, int y)
{
    stage->screen->Blit(stage->screen, sprite, NULL, x, y);
}

static void draw_stretched(Stage *stage, IDirectFBSurface *sprite, int x, int y)
{
    const DFBRectangle from = {0, 0, SIZE / 2, SIZE / 2};
    const DFBRectangle to = {x, y, SIZE, SIZE};
    stage->screen->StretchBlit(stage->screen, sprite, &from, &to);
}

static const Test tests[] = {
    {"fill", DSDRAW_NOFX, DSBLIT_NOFX, draw_rectangle},
    {"fill blended", DSDRAW_BLEND, DSBLIT_NOFX, draw_rectangle},
    {"lines", DSDRAW_NOFX, DSBLIT_NOFX, draw_line},
    {"blit", DSDRAW_NOFX, DSBLIT_NOFX, draw_sprite},
    {"blit blended", DSDRAW_NOFX, DSBLIT_BLEND_ALPHACHANNEL, draw_sprite},
    {"blit stretched", DSDRAW_NOFX, DSBLIT_NOFX, draw_stretched},
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void draw_once(Stage *stage, const Test *test, IDirectFBSurface *sprite, long round)
{
    for (long number = round * AT_ONCE; number < (round + 1) * AT_ONCE; number++) {
        const int x = (int)(number * 37 % (stage->width - SIZE));
        const int y = (int)(number * 53 % (stage->height - SIZE));
        test->draw(stage, sprite, x, y);
    }
}

/* Runs a test for as many rounds as asked for, or for a second, and gives things per second. */
static double measure(Stage *stage, const Test *test, IDirectFBSurface *sprite)
{
    IDirectFBSurface *screen = stage->screen;
    screen->SetDrawingFlags(screen, test->drawing);
    screen->SetBlittingFlags(screen, test->blitting);
    const double start = seconds();
    long round = 0;
    do {
        draw_once(stage, test, sprite, round++);
        stage->directfb->WaitIdle(stage->directfb);
    } while (stage->frames ? round < stage->frames : seconds() - start < 1.0);
    const double taken = seconds() - start;
    screen->SetDrawingFlags(screen, DSDRAW_NOFX);
    screen->SetBlittingFlags(screen, DSBLIT_NOFX);
    return (double)(round * AT_ONCE) / (taken > 0.0 ? taken : 1e-9);
}

static IDirectFBSurface *test_sprite(Stage *stage)
{
    IDirectFBSurface *sprite = stage_sprite(stage, SIZE, SIZE);
    for (int ring = 0; ring < SIZE / 2; ring += 8) {
        const unsigned char light = (unsigned char)(ring * 4);
        fill(sprite, (Colour){light, 0x40, 0xff - light, 0x40 + light / 2},
             (DFBRectangle){ring, ring, SIZE - 2 * ring, SIZE - 2 * ring});
    }
    return sprite;
}

static void show_line(Stage *stage, int line, const char *text)
{
    const DFBRectangle area = {0, TOP + line * LINE - 6, stage->width, LINE - 2};
    fill(stage->screen, (Colour){0x10, 0x18, 0x30, 0xff}, area);
    write_text(stage->screen, (Colour){0xff, 0xff, 0x80, 0xff}, 24, TOP + line * LINE, 2, text);
}

void play_benchmark(Stage *stage)
{
    const int count = sizeof tests / sizeof *tests;
    stage_open_screen(stage);
    IDirectFBEventBuffer *events = stage_events(stage);
    IDirectFBSurface *sprite = test_sprite(stage);
    char texts[sizeof tests / sizeof *tests][48];
    for (int number = 0; number < count; number++) {
        const Test *test = &tests[number];
        const double rate = measure(stage, test, sprite);
        printf("%s: %s %.0f/s\n", stage->name, test->name, rate);
        fflush(stdout);
        if (stage->frames)
            snprintf(texts[number], sizeof *texts, "%-16s%8ld", test->name,
                     stage->frames * AT_ONCE);
        else
            snprintf(texts[number], sizeof *texts, "%-16s%8.0f /s", test->name, rate);
    }
    for (int number = 0; number < count; number++)
        show_line(stage, number, texts[number]);
    stage_flip(stage);
    stage_hold(stage, events);
    sprite->Release(sprite);
    events->Release(events);
}
