"""The images, objects and categories of an export, in the form of COCO's instances."""
from pathlib import Path

from segvg.annotations.exporters.base import Losses, Numbers, bbox_of, coco_segmentation

NO_CATEGORY = 1


class Instances:
    """Collects images and objects, each once, with numbers for their ids.

    Args:
        losses: told what is made up or changed.

    Attributes:
        annotations: by their numbers.
    """

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._images: dict[int, dict] = {}
        self.annotations: dict[int, dict] = {}
        self._image_numbers = Numbers('image', losses)
        self._numbers = Numbers('annotation', losses)

    def add_image(self, image: dict, place: str, **more: object) -> int:
        """Add an image, with more fields; returns its number."""
        number = self._image_numbers.of(
            image['id'], image['id'].partition(':')[2], place)
        self._images.setdefault(number, dict(
            id=number, file_name=image['file'], width=image['width'],
            height=image['height'], **more))
        return number

    def add(self, instance: dict, image: dict, root: Path, place: str) -> int:
        """Add an object of an image; returns its number.

        Args:
            instance: the object.
            image: its image.
            root: folder that files of masks are in.
            place: where the object stands.
        """
        number = self._numbers.of((image['id'], instance['id']), instance['id'], place)
        if number in self.annotations:
            return number
        x1, y1, x2, y2 = bbox_of(instance, image, root)
        category_id, area = instance.get('category_id'), instance.get('area')
        if category_id is None:
            self._losses.add('made up: categories', place)
            category_id = NO_CATEGORY
        if area is None:
            self._losses.add('made up: areas, of the boxes', place)
            area = (x2 - x1) * (y2 - y1)
        if not instance.get('segm'):
            self._losses.add('empty: masks that are not there', place)
        self.annotations[number] = dict(
            id=number, image_id=self.add_image(image, place), category_id=category_id,
            area=area, bbox=[x1, y1, x2 - x1, y2 - y1],
            iscrowd=instance.get('iscrowd', 0),
            segmentation=coco_segmentation(instance, image, root))
        return number

    def content(self, name: str, meta: dict) -> dict:
        """Return the content of the file.

        Args:
            name: of the data set.
            meta: its meta file, for the names of categories.
        """
        names = meta.get('categories') or {}
        categories = [dict(id=int(key), name=name) for key, name in names.items()]
        if not categories:
            categories = [dict(id=NO_CATEGORY, name='object')]
        return dict(info=dict(description=name), licenses=[], categories=categories,
                    images=list(self._images.values()),
                    annotations=list(self.annotations.values()))
