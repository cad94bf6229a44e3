"""One color scheme for drawings and pages.

Targets are sky blue and predictions orange: a pair that red-green color blindness does
not confuse (Okabe and Ito, 2008), that stands out on photographs, and that differs in
hue from every color of text and frame on a page.
"""

Color = tuple[int, int, int]
"""Red, green and blue from 0 to 255."""

TARGET_COLOR: Color = (64, 196, 255)
PREDICTION_COLOR: Color = (255, 145, 0)
# of Okabe and Ito's set, without those that are like the two above
PHRASE_COLORS: tuple[Color, ...] = (
    (204, 121, 167), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0))
"""Of phrases that are not the target."""
# Okabe and Ito's set, and the target's color
NUMBER_COLORS: tuple[Color, ...] = (
    (230, 159, 0), TARGET_COLOR, (0, 158, 115), (240, 228, 66), (213, 94, 0),
    (204, 121, 167), (0, 114, 178))
"""Of several answers on one picture, which carry numbers as well."""
PAPER: Color = (255, 255, 255)
INK: Color = (33, 37, 41)
GRAY: Color = (108, 117, 125)


def hex_color(color: Color) -> str:
    """Return a color as pages write it, e.g. ``#40c4ff``."""
    return '#{:02x}{:02x}{:02x}'.format(*color)
