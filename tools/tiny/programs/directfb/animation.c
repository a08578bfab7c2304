/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Balls with soft edges fly over a landscape: sprites blended by their own transparency. */

#include "stage.h"

#include <stdint.h>

enum { BALLS = 12, SIZE = 96, KINDS = 4 };

typedef struct {
    int x, y, step_x, step_y;
    IDirectFBSurface *sprite;
} Ball;

static const Colour kinds[KINDS] = {
    {0xff, 0x50, 0x40, 0xff},
    {0xff, 0xd0, 0x30, 0xff},
    {0x40, 0xe0, 0x60, 0xff},
    {0x60, 0x90, 0xff, 0xff},
};

static unsigned shade(unsigned full, int part, int whole)
{
    return full * (unsigned)part / (unsigned)whole;
}

/* A point of a ball: opaque and light in the middle, transparent and dark at the edge. */
static uint32_t ball_point(Colour colour, int x, int y)
{
    const int radius = SIZE / 2;
    const int whole = radius * radius;
    const int distance = (x - radius) * (x - radius) + (y - radius) * (y - radius);
    if (distance >= whole)
        return 0;
    const int light = whole - distance / 2;
    return shade(0xe0, whole - distance, whole) << 24 | shade(colour.red, light, whole) << 16 |
           shade(colour.green, light, whole) << 8 | shade(colour.blue, light, whole);
}

static IDirectFBSurface *ball_sprite(Stage *stage, Colour colour)
{
    IDirectFBSurface *sprite = stage_sprite(stage, SIZE, SIZE);
    void *pixels;
    int pitch;
    stage_check(stage, sprite->Lock(sprite, DSLF_WRITE, &pixels, &pitch), "draw a sprite");
    for (int y = 0; y < SIZE; y++) {
        uint32_t *row = (uint32_t *)((char *)pixels + y * pitch);
        for (int x = 0; x < SIZE; x++)
            row[x] = ball_point(colour, x, y);
    }
    sprite->Unlock(sprite);
    return sprite;
}

static void draw_landscape(Stage *stage)
{
    enum { BANDS = 24 };
    for (int band = 0; band < BANDS; band++) {
        const int top = stage->height * band / BANDS;
        const int bottom = stage->height * (band + 1) / BANDS;
        const unsigned char light = (unsigned char)(0x18 + band * 5);
        const Colour colour = {light / 3, light / 2, light, 0xff};
        fill(stage->screen, colour, (DFBRectangle){0, top, stage->width, bottom - top});
    }
    const char *title = "DirectFB on Linux";
    write_text(stage->screen, (Colour){0xff, 0xff, 0xff, 0xff},
               (stage->width - text_width(4, title)) / 2, stage->height / 2 - 14, 4, title);
}

static void draw_balls(Stage *stage, const Ball *balls)
{
    IDirectFBSurface *screen = stage->screen;
    screen->SetBlittingFlags(screen, DSBLIT_BLEND_ALPHACHANNEL);
    for (int number = 0; number < BALLS; number++)
        screen->Blit(screen, balls[number].sprite, NULL, balls[number].x, balls[number].y);
}

static void bounce(int *place, int *step, int room)
{
    *place += *step;
    if (*place < 0 || *place > room) {
        *step = -*step;
        *place += 2 * *step;
    }
}

void play_animation(Stage *stage)
{
    stage_open_screen(stage);
    IDirectFBEventBuffer *events = stage_events(stage);
    IDirectFBSurface *sprites[KINDS];
    for (int kind = 0; kind < KINDS; kind++)
        sprites[kind] = ball_sprite(stage, kinds[kind]);
    const int room_x = stage->width - SIZE;
    const int room_y = stage->height - SIZE;
    Ball balls[BALLS];
    for (int number = 0; number < BALLS; number++)
        balls[number] = (Ball){room_x * number / BALLS, room_y * (number * 5 % BALLS) / BALLS,
                               2 + number % 3, 3 - number % 2, sprites[number % KINDS]};

    bool left = false;
    for (long frame = 0; stage_goes_on(stage, frame) && !left; frame++) {
        draw_landscape(stage);
        draw_balls(stage, balls);
        stage_flip(stage);
        for (int number = 0; number < BALLS; number++) {
            bounce(&balls[number].x, &balls[number].step_x, room_x);
            bounce(&balls[number].y, &balls[number].step_y, room_y);
        }
        left = stage_is_left(events);
    }
    if (!left)
        stage_hold(stage, events);
    for (int kind = 0; kind < KINDS; kind++)
        sprites[kind]->Release(sprites[kind]);
    events->Release(events);
}
