"""Ids of instances in sources that list an object again for each expression."""
from segvg.annotations.readers.field_checks import UniqueIds


class InstanceIds:
    """Gives one id to what is one object of an image, and different ids to others."""

    def __init__(self) -> None:
        self._ids: dict[tuple, object] = {}
        self._unique: dict[object, UniqueIds] = {}

    def take(self, image_id: object, source_id: object, content: object,
             own_name: str) -> tuple[object, bool]:
        """The id of an instance, and whether its source id was used for another one.

        Args:
            image_id: what the object is in; a split may be a part of it.
            source_id: id of the object in the source; None when it has none.
            content: box, and mask where there is one; tells objects of one id apart.
            own_name: the id of an object that has none.
        """
        key = (image_id, source_id, content)
        if key in self._ids:
            return self._ids[key], False
        unique = self._unique.setdefault(image_id, UniqueIds())
        name = own_name if source_id is None else source_id
        self._ids[key], again = unique.take(name)
        return self._ids[key], again and source_id is not None
