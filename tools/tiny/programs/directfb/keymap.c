/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives keys their letters where the kernel has no virtual terminals.
 *
 * DirectFB asks /dev/tty0 which symbol a key has. A kernel without terminals saves memory and has
 * no such table; then every key would be the same one. */

#include "stage.h"

#include <linux/input-event-codes.h>

/* Neighbouring keys of an American keyboard, from the first one on. */
typedef struct {
    int first;
    const char *plain;
    const char *shifted;
} Row;

static const Row rows[] = {
    {KEY_1, "1234567890-=", "!@#$%^&*()_+"},
    {KEY_Q, "qwertyuiop[]", "QWERTYUIOP{}"},
    {KEY_A, "asdfghjkl;'`", "ASDFGHJKL:\"~"},
    {KEY_BACKSLASH, "\\zxcvbnm,./", "|ZXCVBNM<>?"},
    {KEY_SPACE, " ", " "},
};

typedef struct {
    int key;
    DFBInputDeviceKeyIdentifier identifier;
    DFBInputDeviceKeySymbol symbol;
} Special;

static const Special specials[] = {
    {KEY_ESC, DIKI_ESCAPE, DIKS_ESCAPE},
    {KEY_BACKSPACE, DIKI_BACKSPACE, DIKS_BACKSPACE},
    {KEY_TAB, DIKI_TAB, DIKS_TAB},
    {KEY_ENTER, DIKI_ENTER, DIKS_ENTER},
    {KEY_LEFTSHIFT, DIKI_SHIFT_L, DIKS_SHIFT},
    {KEY_RIGHTSHIFT, DIKI_SHIFT_R, DIKS_SHIFT},
    {KEY_LEFT, DIKI_LEFT, DIKS_CURSOR_LEFT},
    {KEY_RIGHT, DIKI_RIGHT, DIKS_CURSOR_RIGHT},
    {KEY_UP, DIKI_UP, DIKS_CURSOR_UP},
    {KEY_DOWN, DIKI_DOWN, DIKS_CURSOR_DOWN},
};

static void set_key(IDirectFBInputDevice *keyboard, int key,
                    DFBInputDeviceKeyIdentifier identifier, DFBInputDeviceKeySymbol plain,
                    DFBInputDeviceKeySymbol shifted)
{
    DFBInputDeviceKeymapEntry entry = {
        .code = key,
        .identifier = identifier,
        .symbols = {plain, shifted, plain, shifted},
    };
    keyboard->SetKeymapEntry(keyboard, key, &entry);
}

static DFBInputDeviceKeySymbol symbol_of(char letter)
{
    return (DFBInputDeviceKeySymbol)DFB_KEY(UNICODE, letter);
}

static bool has_letters(IDirectFBInputDevice *keyboard)
{
    DFBInputDeviceKeymapEntry entry;
    return keyboard->GetKeymapEntry(keyboard, KEY_A, &entry) == DFB_OK &&
           entry.symbols[DIKSI_BASE] != DIKS_NULL;
}

void give_keys_their_letters(Stage *stage)
{
    IDirectFBInputDevice *keyboard;
    if (stage->directfb->GetInputDevice(stage->directfb, DIDID_KEYBOARD, &keyboard) != DFB_OK)
        return;
    if (!has_letters(keyboard)) {
        for (const Row *row = rows; row < rows + sizeof rows / sizeof *rows; row++)
            for (int place = 0; row->plain[place]; place++)
                set_key(keyboard, row->first + place, DIKI_UNKNOWN,
                        symbol_of(row->plain[place]), symbol_of(row->shifted[place]));
        for (size_t number = 0; number < sizeof specials / sizeof *specials; number++)
            set_key(keyboard, specials[number].key, specials[number].identifier,
                    specials[number].symbol, specials[number].symbol);
    }
    keyboard->Release(keyboard);
}
