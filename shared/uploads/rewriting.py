"""Run alone, in a child that may do nothing but compute: reads a file, writes one without active content, or its text.

Standard input → the number of pages, a newline, the new file or the text of a PDF. Exit 3: it cannot be read, is
locked, or too large.
"""

import codecs
import pkgutil
import resource
import sys
from importlib import import_module
from io import BytesIO

import pikepdf
from PIL import Image, ImageOps, MpoImagePlugin, TiffImagePlugin

MOST_PAGES = 500
MOST_PIXELS = 60_000_000
"""A letter page at 600 dots an inch has 34 million."""
MOST_SECONDS, MOST_MEMORY_BYTES = 10, 1024 * 1024 * 1024
UNREADABLE = 3
MOST_DEPTH = 50

FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
LOADED_AHEAD = (MpoImagePlugin, TiffImagePlugin)
"""Pillow loads these when it first meets a file that needs them; in the confined child nothing can be loaded."""
CODECS_OF_PDFS = ("utf-16", "utf-16-be", "utf-16-le", "latin-1", "cp1252", "mac-roman", "unicode-escape", "charmap")
TEXT_OF_PDF = "text"
MOST_CHARACTERS = 200_000
JPEG_MODES = ("L", "RGB")
JPEG_QUALITY = 90

ACTIVE_KEYS = (
    "/AA",
    "/AF",
    "/EF",
    "/OpenAction",
    "/JS",
    "/JavaScript",
    "/EmbeddedFiles",
    "/XFA",
    "/AcroForm",
    "/Collection",
)
"""Triggers, scripts, attachments and forms, wherever they stand."""
ACTIONS = (
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/ResetForm", "/URI", "/GoToR", "/GoToE", "/Rendition",
    "/Sound", "/Movie", "/RichMediaExecute", "/GoTo3DView", "/Trans", "/Hide", "/Named",
)  # fmt: skip
"""What a click could do but turn to a page of the same document, wherever it hangs; with these go all links."""
ACTIVE_ANNOTATIONS = ("/RichMedia", "/Screen", "/Movie", "/Sound", "/3D", "/FileAttachment")


def confine() -> None:
    """No new file, no new process, little time and memory. What is loaded by now stays usable."""
    limits = (
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_AS, MOST_MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    )
    for limit, most in limits:
        resource.setrlimit(limit, (most, most))


def load(wanted: str) -> None:
    """What the libraries would load when they first need it, which in the confined child is too late."""
    if wanted in FORMATS:
        Image.preinit()
    elif wanted == TEXT_OF_PDF:
        for module in pkgutil.walk_packages(import_module("pypdf").__path__, "pypdf."):
            import_module(module.name)
        for codec in CODECS_OF_PDFS:
            codecs.lookup(codec)
    else:
        rehearsal = BytesIO()
        with pikepdf.new() as document:
            document.add_blank_page()
            with document.open_metadata() as metadata:
                metadata["dc:title"] = "XMP, whose parser is loaded when it is first met"
            document.save(rehearsal)


def rewrite(given: bytes) -> tuple[int, bytes]:
    """Pages and bytes of the cleaned PDF; ValueError where it has too many or too few pages, or is locked."""
    with pikepdf.open(BytesIO(given), inherit_page_attributes=True) as document:
        pages = len(document.pages)
        if document.is_encrypted or not 1 <= pages <= MOST_PAGES:
            raise ValueError
        for found in document.objects:
            clean(found, 0)
        for page in document.pages:
            drop_annotations(page.obj)
        made = BytesIO()
        document.save(made, deterministic_id=True, linearize=False)
    return pages, made.getvalue()


def clean(found: object, depth: int) -> None:
    """Takes what is active out of a dictionary, a stream's dictionary, an array, and what stands directly in them."""
    if depth > MOST_DEPTH:
        raise ValueError
    if isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
        for key in ACTIVE_KEYS:
            if key in found:
                del found[key]
        for key in list(found.keys()):
            if is_action(found[key]):
                del found[key]
            else:
                clean_child(found[key], depth)
    elif isinstance(found, pikepdf.Array):
        for child in found:
            clean_child(child, depth)


def is_action(child: object) -> bool:
    return isinstance(child, pikepdf.Dictionary) and str(child.get("/S", "")) in ACTIONS


def clean_child(child: object, depth: int) -> None:
    """An indirect one is met by itself."""
    if not getattr(child, "is_indirect", True):
        clean(child, depth + 1)


def drop_annotations(page: object) -> None:
    """Leaves notes and drawings, drops what plays or attaches."""
    if not isinstance(page, pikepdf.Dictionary) or "/Annots" not in page:
        return
    annotations = page["/Annots"]
    kept = [
        each
        for each in (annotations if isinstance(annotations, pikepdf.Array) else ())
        if isinstance(each, pikepdf.Dictionary) and str(each.get("/Subtype", "")) not in ACTIVE_ANNOTATIONS
    ]
    page["/Annots"] = pikepdf.Array(kept)


def repaint(given: bytes, format_: str) -> bytes:
    """The same pixels, upright, in a file that holds nothing else: no place, no camera, no second file behind it."""
    with Image.open(BytesIO(given), formats=[format_]) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError
        upright = ImageOps.exif_transpose(image)
        upright.info = {name: value for name, value in upright.info.items() if name == "transparency"}
        if format_ == "JPEG" and upright.mode not in JPEG_MODES:
            upright = upright.convert("RGB")
        made = BytesIO()
        upright.save(made, format_, **({"quality": JPEG_QUALITY} if format_ == "JPEG" else {}))
    return made.getvalue()


def text_of(given: bytes) -> tuple[int, bytes]:
    """Pages and text of a PDF, a form feed between pages; without control characters, cut after ``MOST_CHARACTERS``."""
    document = import_module("pypdf").PdfReader(BytesIO(given))
    texts: list[str] = []
    left = MOST_CHARACTERS
    for page in document.pages:
        text = "".join(one for one in page.extract_text() if one >= " " or one in "\n\t")[:left]
        left -= len(text)
        texts.append(text)
        if left <= 0:
            break
    return len(document.pages), "\f".join(texts).encode("utf-8", "ignore")


def main() -> None:
    wanted = sys.argv[1]
    given = sys.stdin.buffer.read()
    load(wanted)
    confine()
    try:
        if wanted in FORMATS:
            pages, made = 1, repaint(given, FORMATS[wanted])
        else:
            pages, made = text_of(given) if wanted == TEXT_OF_PDF else rewrite(given)
    except Exception:
        sys.exit(UNREADABLE)
    sys.stdout.buffer.write(b"%d\n" % pages + made)


if __name__ == "__main__":
    main()
