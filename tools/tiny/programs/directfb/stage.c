/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the screen, answers for errors, and leaves when asked to. */

#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

void stage_check(const Stage *stage, DFBResult result, const char *attempt)
{
    if (result == DFB_OK)
        return;
    fprintf(stderr, "%s: cannot %s\n  because: %s\n", stage->name, attempt,
            DirectFBErrorString(result));
    if (result == DFB_INIT || result == DFB_FILENOTFOUND || result == DFB_NOIMPL)
        fprintf(stderr, "  hint: see whether /dev/fb0 is there and what /etc/directfbrc says\n");
    exit(2);
}

void stage_open_screen(Stage *stage)
{
    IDirectFB *directfb = stage->directfb;
    stage_check(stage, directfb->SetCooperativeLevel(directfb, DFSCL_FULLSCREEN),
                "have the screen alone");
    const DFBSurfaceDescription description = {
        .flags = DSDESC_CAPS,
        .caps = DSCAPS_PRIMARY | DSCAPS_FLIPPING,
    };
    stage_check(stage, directfb->CreateSurface(directfb, &description, &stage->screen),
                "open the screen");
    stage->screen->GetSize(stage->screen, &stage->width, &stage->height);
}

void stage_flip(Stage *stage)
{
    stage_check(stage, stage->screen->Flip(stage->screen, NULL, DSFLIP_NONE), "show the frame");
}

bool stage_goes_on(const Stage *stage, long drawn)
{
    return stage->frames == 0 || drawn < stage->frames;
}

/* Leaves when the key is let go, so that no event is under way while DirectFB ends. */
static bool asks_to_leave(const DFBEvent *event)
{
    DFBInputDeviceKeySymbol key = DIKS_NULL;
    if (event->clazz == DFEC_INPUT && event->input.type == DIET_KEYRELEASE)
        key = event->input.key_symbol;
    if (event->clazz == DFEC_WINDOW && event->window.type == DWET_KEYUP)
        key = event->window.key_symbol;
    return key == DIKS_ESCAPE || key == DIKS_SMALL_Q;
}

bool stage_is_left(IDirectFBEventBuffer *events)
{
    DFBEvent event;
    bool left = false;
    while (events->GetEvent(events, &event) == DFB_OK)
        left = left || asks_to_leave(&event);
    return left;
}

void stage_hold(Stage *stage, IDirectFBEventBuffer *events)
{
    printf("%s: the picture stands\n", stage->name);
    fflush(stdout);
    while (!stage_is_left(events))
        stage_check(stage, events->WaitForEvent(events), "wait for a key");
}

IDirectFBEventBuffer *stage_events(Stage *stage)
{
    IDirectFBEventBuffer *events;
    stage_check(stage,
                stage->directfb->CreateInputEventBuffer(stage->directfb, DICAPS_ALL, DFB_TRUE,
                                                        &events),
                "listen to keyboard and mouse");
    return events;
}

IDirectFBSurface *stage_sprite(Stage *stage, int width, int height)
{
    const DFBSurfaceDescription description = {
        .flags = DSDESC_WIDTH | DSDESC_HEIGHT | DSDESC_PIXELFORMAT,
        .width = width,
        .height = height,
        .pixelformat = DSPF_ARGB,
    };
    IDirectFBSurface *sprite;
    stage_check(stage, stage->directfb->CreateSurface(stage->directfb, &description, &sprite),
                "create a surface");
    return sprite;
}
