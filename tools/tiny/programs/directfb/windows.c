/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows of DirectFB's own window stack: half transparent, raised and dragged with the mouse,
 * moved with the arrow keys. */

#include "stage.h"

#include <stdio.h>

enum { WINDOWS = 3, WIDTH = 260, HEIGHT = 160, BAR = 28, STEP = 16 };

typedef struct {
    IDirectFBWindow *window;
    IDirectFBSurface *surface;
    DFBWindowID id;
} Pane;

typedef struct {
    Pane panes[WINDOWS];
    /* The one that the keys move and that is being dragged. */
    Pane *active;
    bool dragged;
    int last_x, last_y;
    bool left;
} Desk;

static const Colour colours[WINDOWS] = {
    {0xc0, 0x40, 0x30, 0xff},
    {0x30, 0x90, 0x40, 0xff},
    {0x30, 0x60, 0xc0, 0xff},
};

static void draw_pane(IDirectFBSurface *surface, int number)
{
    const Colour white = {0xff, 0xff, 0xff, 0xff};
    char title[16];
    snprintf(title, sizeof title, "window %d", number + 1);
    fill(surface, (Colour){0xf0, 0xf0, 0xe8, 0xc0}, (DFBRectangle){0, 0, WIDTH, HEIGHT});
    fill(surface, colours[number], (DFBRectangle){0, 0, WIDTH, BAR});
    write_text(surface, white, 8, 7, 2, title);
    write_text(surface, colours[number], 16, 60, 2, "drag me with the");
    write_text(surface, colours[number], 16, 84, 2, "mouse, or use the");
    write_text(surface, colours[number], 16, 108, 2, "arrow keys");
    surface->Flip(surface, NULL, DSFLIP_NONE);
}

static Pane open_pane(Stage *stage, IDirectFBDisplayLayer *layer, int number)
{
    const DFBWindowDescription description = {
        .flags = DWDESC_CAPS | DWDESC_POSX | DWDESC_POSY | DWDESC_WIDTH | DWDESC_HEIGHT,
        .caps = DWCAPS_ALPHACHANNEL | DWCAPS_NODECORATION,
        .posx = 60 + number * 120,
        .posy = 60 + number * 90,
        .width = WIDTH,
        .height = HEIGHT,
    };
    Pane pane;
    stage_check(stage, layer->CreateWindow(layer, &description, &pane.window), "open a window");
    stage_check(stage, pane.window->GetSurface(pane.window, &pane.surface), "draw in a window");
    stage_check(stage, pane.window->GetID(pane.window, &pane.id), "tell windows apart");
    draw_pane(pane.surface, number);
    stage_check(stage, pane.window->SetOpacity(pane.window, 0xff), "show a window");
    return pane;
}

static void close_pane(Pane *pane)
{
    pane->surface->Release(pane->surface);
    pane->window->Release(pane->window);
}

/* An arrow, row by row: DirectFB reads its own from a file that nobody else needs. */
static void show_pointer(Stage *stage, IDirectFBDisplayLayer *layer)
{
    enum { ROWS = 16 };
    IDirectFBSurface *arrow = stage_sprite(stage, ROWS, ROWS);
    fill(arrow, (Colour){0, 0, 0, 0}, (DFBRectangle){0, 0, ROWS, ROWS});
    for (int row = 0; row < ROWS; row++) {
        const int width = row < 11 ? row + 1 : ROWS - row;
        fill(arrow, (Colour){0, 0, 0, 0xff}, (DFBRectangle){0, row, width, 1});
        if (width > 2)
            fill(arrow, (Colour){0xff, 0xff, 0xff, 0xff}, (DFBRectangle){1, row, width - 2, 1});
    }
    layer->SetCursorShape(layer, arrow, 0, 0);
    arrow->Release(arrow);
    /* Nothing is added to the way of the mouse, so that a test can tell where the pointer is. */
    layer->SetCursorAcceleration(layer, 0, 1, 0);
    stage_check(stage, layer->EnableCursor(layer, 1), "show the pointer");
}

/* The desk behind the windows is the layer's background, which the window stack draws itself. */
static IDirectFBDisplayLayer *open_desk(Stage *stage)
{
    IDirectFBDisplayLayer *layer;
    stage_check(stage,
                stage->directfb->GetDisplayLayer(stage->directfb, DLID_PRIMARY, &layer),
                "reach the display layer");
    stage_check(stage, layer->SetCooperativeLevel(layer, DLSCL_ADMINISTRATIVE),
                "manage the windows");
    layer->SetBackgroundColor(layer, 0x20, 0x38, 0x50, 0xff);
    layer->SetBackgroundMode(layer, DLBM_COLOR);
    show_pointer(stage, layer);
    return layer;
}

static void activate(Desk *desk, DFBWindowID id)
{
    if (desk->active)
        desk->active->window->UngrabKeyboard(desk->active->window);
    for (int number = 0; number < WINDOWS; number++)
        if (desk->panes[number].id == id)
            desk->active = &desk->panes[number];
    IDirectFBWindow *window = desk->active->window;
    window->RaiseToTop(window);
    window->RequestFocus(window);
    /* The focus follows the pointer; keys are to arrive wherever that is. */
    window->GrabKeyboard(window);
}

static void grab(Desk *desk, const DFBWindowEvent *event)
{
    activate(desk, event->window_id);
    desk->dragged = true;
    desk->last_x = event->cx;
    desk->last_y = event->cy;
    desk->active->window->GrabPointer(desk->active->window);
}

static void drag(Desk *desk, const DFBWindowEvent *event)
{
    IDirectFBWindow *window = desk->active->window;
    window->Move(window, event->cx - desk->last_x, event->cy - desk->last_y);
    desk->last_x = event->cx;
    desk->last_y = event->cy;
}

static void let_go(Desk *desk)
{
    desk->dragged = false;
    desk->active->window->UngrabPointer(desk->active->window);
    int x, y;
    desk->active->window->GetPosition(desk->active->window, &x, &y);
    printf("dfb-windows: window %d stands at %d,%d\n", (int)(desk->active - desk->panes) + 1, x,
           y);
    fflush(stdout);
}

static void press(Desk *desk, DFBInputDeviceKeySymbol key)
{
    IDirectFBWindow *window = desk->active->window;
    switch (key) {
    case DIKS_CURSOR_LEFT:
        window->Move(window, -STEP, 0);
        break;
    case DIKS_CURSOR_RIGHT:
        window->Move(window, STEP, 0);
        break;
    case DIKS_CURSOR_UP:
        window->Move(window, 0, -STEP);
        break;
    case DIKS_CURSOR_DOWN:
        window->Move(window, 0, STEP);
        break;
    default:
        break;
    }
}

static void release(Desk *desk, DFBInputDeviceKeySymbol key)
{
    desk->left = desk->left || key == DIKS_ESCAPE || key == DIKS_SMALL_Q;
}

static void take(Desk *desk, const DFBWindowEvent *event)
{
    switch (event->type) {
    case DWET_BUTTONDOWN:
        grab(desk, event);
        break;
    case DWET_BUTTONUP:
        if (desk->dragged)
            let_go(desk);
        break;
    case DWET_MOTION:
        if (desk->dragged)
            drag(desk, event);
        break;
    case DWET_KEYDOWN:
        press(desk, event->key_symbol);
        break;
    case DWET_KEYUP:
        release(desk, event->key_symbol);
        break;
    default:
        break;
    }
}

/* With `--frames N` the first window is moved N times before the picture stands. */
static void move_by_itself(const Stage *stage, Desk *desk)
{
    IDirectFBWindow *window = desk->panes[0].window;
    for (long frame = 0; frame < stage->frames; frame++)
        window->Move(window, frame % 40 < 20 ? 2 : -2, 1);
}

void play_windows(Stage *stage)
{
    IDirectFBDisplayLayer *layer = open_desk(stage);
    IDirectFBEventBuffer *events;
    stage_check(stage, stage->directfb->CreateEventBuffer(stage->directfb, &events),
                "listen to the windows");
    Desk desk = {.active = NULL};
    for (int number = 0; number < WINDOWS; number++) {
        desk.panes[number] = open_pane(stage, layer, number);
        desk.panes[number].window->AttachEventBuffer(desk.panes[number].window, events);
    }
    activate(&desk, desk.panes[WINDOWS - 1].id);
    if (stage->frames) {
        move_by_itself(stage, &desk);
        stage_hold(stage, events);
        desk.left = true;
    }
    while (!desk.left) {
        stage_check(stage, events->WaitForEvent(events), "wait for an event");
        DFBEvent event;
        while (events->GetEvent(events, &event) == DFB_OK)
            if (event.clazz == DFEC_WINDOW)
                take(&desk, &event.window);
    }
    for (int number = 0; number < WINDOWS; number++)
        close_pane(&desk.panes[number]);
    events->Release(events);
    layer->Release(layer);
}
