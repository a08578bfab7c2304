/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One binary for all programs: the name that it is called by says which of them it is. */

#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    Play play;
} Program;

static const Program programs[] = {
    {"dfb-animation", play_animation},
    {"dfb-benchmark", play_benchmark},
    {"dfb-input", play_input},
    {"dfb-windows", play_windows},
};

static const Program *program_called(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    for (size_t index = 0; index < sizeof programs / sizeof *programs; index++)
        if (strcmp(programs[index].name, name) == 0)
            return &programs[index];
    fprintf(stderr,
            "%s: no such program\n"
            "  hint: call it as dfb-animation, dfb-benchmark, dfb-input or dfb-windows\n",
            name);
    exit(2);
}

/* Reads `--frames N`, the only option; DirectFB has taken its own out before. */
static long frames_from(const Program *program, int count, char **words)
{
    if (count == 1)
        return 0;
    char *end = NULL;
    long frames = 0;
    if (count == 3 && strcmp(words[1], "--frames") == 0)
        frames = strtol(words[2], &end, 10);
    if (frames > 0 && *end == '\0')
        return frames;
    fprintf(stderr,
            "%s: cannot understand `%s`\n"
            "  hint: say `--frames N` to draw N frames and let the last one stand\n",
            program->name, words[count - 1]);
    exit(2);
}

int main(int count, char **words)
{
    const Program *program = program_called(words[0]);
    Stage stage = {.name = program->name};
    stage_check(&stage, DirectFBInit(&count, &words), "start DirectFB");
    stage.frames = frames_from(program, count, words);
    switch_picture_on();
    stage_check(&stage, DirectFBCreate(&stage.directfb), "open DirectFB");
    give_keys_their_letters(&stage);
    program->play(&stage);
    if (stage.screen)
        stage.screen->Release(stage.screen);
    stage.directfb->Release(stage.directfb);
    return 0;
}
