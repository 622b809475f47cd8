"""Files as they come from outside: small ones, and what a hostile or careless sender puts into them."""

from io import BytesIO

from PIL import Image

PLACE = 0x8825
"""EXIF's pointer to where a picture was taken."""


def an_image(format_: str = "PNG", size: tuple[int, int] = (4, 2), *, hiding: bytes = b"") -> bytes:
    """Red in its upper left corner, else white; ``hiding``: with a turn to the right, and these words as its place."""
    image = Image.new("RGB", size, "white")
    image.putpixel((0, 0), (255, 0, 0))
    made = BytesIO()
    if hiding:
        exif = Image.Exif()
        exif[0x0112] = 6
        exif.get_ifd(PLACE)[29] = hiding.decode()
        image.save(made, format_, exif=exif, comment=hiding)
    else:
        image.save(made, format_)
    return made.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image
