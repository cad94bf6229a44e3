"""Ids that repeat in a source: each record and each object gets one of its own."""
from segvg.annotations.readers.base import Context
from segvg.annotations.readers.field_checks import is_int


class UniqueIds:
    """Gives a repeated id a suffix: 7, ``7#1``, ``7#2``."""

    def __init__(self) -> None:
        self._seen: dict[object, int] = {}

    def take(self, key: object) -> tuple[object, bool]:
        """The id to use, and whether it was taken before."""
        times = self._seen.get(key, 0)
        self._seen[key] = times + 1
        return (f'{key}#{times}', True) if times else (key, False)

    def claim(self, ctx: Context, key: object, *codes: str) -> object:
        """The id to use; one that was taken before is noted, with each of the codes.

        Without codes that is ``id_duplicate``. A key of None is not an id, and may
        repeat.
        """
        unique, again = self.take(key)
        for code in (codes or ('id_duplicate',)) if again and key is not None else ():
            ctx.note(code, key)
        return unique


class UniqueNumbers(UniqueIds):
    """The same for millions of numbers, of which few repeat: a bit for each."""

    LIMIT = 1 << 30

    def __init__(self) -> None:
        super().__init__()
        self._bits = bytearray()

    def take(self, key: object) -> tuple[object, bool]:
        """The id to use, and whether it was taken before."""
        if not is_int(key) or not 0 <= key < self.LIMIT:
            return super().take(key)
        byte, bit = key >> 3, 1 << (key & 7)
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 + (1 << 16) - len(self._bits)))
        if not self._bits[byte] & bit:
            self._bits[byte] |= bit
            return key, False
        self._seen.setdefault(key, 1)
        return super().take(key)


class InstanceIds:
    """Gives one id to what is one object of an image, and different ids to others.

    For sources that list an object again for each of its expressions.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple, object] = {}
        self._unique: dict[object, UniqueIds] = {}

    def claim(self, ctx: Context, source_id: object, content: object, own_name: str, *,
              scope: object = None) -> object:
        """The id of an instance; a source id that another instance has is noted.

        Args:
            ctx: of the object; its ``image_id`` says in which image the object is.
            source_id: id of the object in the source; None when it has none.
            content: box, and mask where there is one; distinguishes objects of one id.
            own_name: the id of an object that has none.
            scope: what else separates the objects of an image, such as its split.
        """
        image = (scope, ctx.ids.get('image_id'))
        key = (image, source_id, content)
        if key not in self._ids:
            unique = self._unique.setdefault(image, UniqueIds())
            if source_id is None:
                self._ids[key], _ = unique.take(own_name)
            else:
                self._ids[key] = unique.claim(ctx, source_id)
        return self._ids[key]
