/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows what keyboard and mouse send: the last events as lines, and a pointer that follows. */

#include "stage.h"

#include <stdio.h>
#include <string.h>

enum { LINES = 12, LINE_LENGTH = 40, LINE_HEIGHT = 24, POINTER = 16 };

typedef struct {
    char lines[LINES][LINE_LENGTH];
    int x, y;
    bool pressed;
    bool left;
} Seen;

static void note(Seen *seen, const char *line)
{
    memmove(seen->lines[0], seen->lines[1], sizeof seen->lines - sizeof *seen->lines);
    snprintf(seen->lines[LINES - 1], LINE_LENGTH, "%s", line);
    printf("dfb-input: %s\n", line);
    fflush(stdout);
}

static int within(int place, int end)
{
    return place < 0 ? 0 : place >= end ? end - 1 : place;
}

static void note_key(Seen *seen, const DFBInputEvent *event)
{
    char line[LINE_LENGTH];
    const char *what = event->type == DIET_KEYPRESS ? "pressed" : "released";
    const unsigned symbol = event->key_symbol;
    if (symbol > ' ' && symbol < 0x7f)
        snprintf(line, sizeof line, "key %c %s", (char)symbol, what);
    else
        snprintf(line, sizeof line, "key 0x%04x %s", symbol, what);
    note(seen, line);
    seen->left = seen->left || (event->type == DIET_KEYRELEASE && symbol == DIKS_ESCAPE);
}

static void note_button(Seen *seen, const DFBInputEvent *event)
{
    char line[LINE_LENGTH];
    seen->pressed = event->type == DIET_BUTTONPRESS;
    snprintf(line, sizeof line, "button %d %s at %d,%d", event->button,
             seen->pressed ? "pressed" : "released", seen->x, seen->y);
    note(seen, line);
}

static void follow(Seen *seen, const Stage *stage, const DFBInputEvent *event)
{
    int *place = event->axis == DIAI_X ? &seen->x : event->axis == DIAI_Y ? &seen->y : NULL;
    if (place == NULL)
        return;
    if (event->flags & DIEF_AXISABS)
        *place = event->axisabs;
    else if (event->flags & DIEF_AXISREL)
        *place += event->axisrel;
    seen->x = within(seen->x, stage->width);
    seen->y = within(seen->y, stage->height);
}

static void take(Seen *seen, const Stage *stage, const DFBInputEvent *event)
{
    switch (event->type) {
    case DIET_KEYPRESS:
    case DIET_KEYRELEASE:
        note_key(seen, event);
        break;
    case DIET_BUTTONPRESS:
    case DIET_BUTTONRELEASE:
        note_button(seen, event);
        break;
    case DIET_AXISMOTION:
        follow(seen, stage, event);
        break;
    default:
        break;
    }
}

static void draw(Stage *stage, const Seen *seen)
{
    const Colour pointer = seen->pressed ? (Colour){0xff, 0x40, 0x40, 0xff}
                                         : (Colour){0x40, 0xff, 0x80, 0xff};
    fill(stage->screen, (Colour){0x10, 0x18, 0x30, 0xff},
         (DFBRectangle){0, 0, stage->width, stage->height});
    write_text(stage->screen, (Colour){0xff, 0xff, 0xff, 0xff}, 24, 24, 3,
               "press keys, move the mouse");
    for (int line = 0; line < LINES; line++)
        write_text(stage->screen, (Colour){0xff, 0xff, 0x80, 0xff}, 24, 80 + line * LINE_HEIGHT,
                   2, seen->lines[line]);
    fill(stage->screen, pointer, (DFBRectangle){seen->x - POINTER / 2, seen->y - 1, POINTER, 3});
    fill(stage->screen, pointer, (DFBRectangle){seen->x - 1, seen->y - POINTER / 2, 3, POINTER});
    stage_flip(stage);
}

void play_input(Stage *stage)
{
    stage_open_screen(stage);
    IDirectFBEventBuffer *events = stage_events(stage);
    Seen seen = {.x = stage->width / 2, .y = stage->height / 2};
    draw(stage, &seen);
    long drawn = 1;
    /* Counted are frames with something new: without events the first picture stays. */
    while (!seen.left && stage_goes_on(stage, drawn)) {
        stage_check(stage, events->WaitForEvent(events), "wait for an event");
        DFBEvent event;
        while (events->GetEvent(events, &event) == DFB_OK)
            if (event.clazz == DFEC_INPUT)
                take(&seen, stage, &event.input);
        draw(stage, &seen);
        drawn++;
    }
    if (!seen.left)
        stage_hold(stage, events);
    events->Release(events);
}
