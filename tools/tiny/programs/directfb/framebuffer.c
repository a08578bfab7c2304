/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switches the picture on before DirectFB looks at it.
 *
 * Without a text console on the screen nobody sets the first mode, and Linux's driver of the PL110
 * then neither switches the controller on nor says how long a line is. DirectFB asks for the mode
 * that is set already, which changes nothing; only a request that is forced does. */

#include "stage.h"

#include <fcntl.h>
#include <linux/fb.h>
#include <sys/ioctl.h>
#include <unistd.h>

void switch_picture_on(void)
{
    const int device = open("/dev/fb0", O_RDWR | O_CLOEXEC);
    struct fb_var_screeninfo mode;
    /* What fails here fails again in DirectFB, which can say why. */
    if (device < 0)
        return;
    if (ioctl(device, FBIOGET_VSCREENINFO, &mode) == 0) {
        mode.activate = FB_ACTIVATE_NOW | FB_ACTIVATE_FORCE;
        ioctl(device, FBIOPUT_VSCREENINFO, &mode);
    }
    close(device);
}
