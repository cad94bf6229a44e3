"""Pictures show what they should where they should."""
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmengine.visualization import LocalVisBackend, Visualizer
from PIL import Image, ImageFont

from segvg.registry import VISUALIZERS
from segvg.structures import GroundingDataSample
from segvg.visualization import GroundingVisualizer, drawing
from segvg.visualization.colors import PREDICTION_COLOR as PRED
from segvg.visualization.colors import TARGET_COLOR as GT
from segvg.visualization.drawing import Layer, draw_panels, draw_picture, wrap_text

HEIGHT, WIDTH = 300, 500


@pytest.fixture
def visualizer():
    return GroundingVisualizer()


@pytest.fixture
def image():
    return np.full((HEIGHT, WIDTH, 3), 200, dtype=np.uint8)


@pytest.fixture
def sample():
    sample = GroundingDataSample(metainfo=dict(
        text='the left cup', no_target=False, ori_shape=(HEIGHT, WIDTH),
        canvas_shape=(HEIGHT, WIDTH)))
    polygon = dict(poly=[[100, 100, 200, 100, 200, 200, 100, 200]])
    bboxes = torch.tensor([[100., 100, 200, 200]])
    sample.image_instances = InstanceData(bboxes=bboxes, segmentations=[polygon])
    sample.gt_instances = InstanceData(
        bboxes=bboxes, target_masks=torch.zeros(1, HEIGHT // 10, WIDTH // 10))
    sample.gt_instances.target_masks[:, 10:20, 10:20] = 1
    sample.pred_instances = InstanceData(
        bboxes=torch.tensor([[0., 0, 9, 9], [300, 50, 400, 250]]),
        scores=torch.tensor([0.2, 0.7]))
    return sample


def below_title(picture):
    """Cut the title strip off."""
    return picture[-HEIGHT:]


def has_color(picture, color):
    return (picture == color).all(-1).any()


def test_boxes_are_drawn_in_their_places(visualizer, image, sample):
    picture = below_title(visualizer.draw(image, sample))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture[100, 150].tolist() == list(GT)  # first row inside the target
    assert picture[199, 150].tolist() == list(GT)  # last row inside
    assert picture[150, 300].tolist() == list(PRED)
    assert picture[150, 399].tolist() == list(PRED)
    assert (picture[280, 20] == 200).all()  # background is left alone
    assert not has_color(picture[:20, :20], PRED)  # the box of the lower score


def test_parts_can_be_left_out(visualizer, image, sample):
    sample.image_instances.segmentations = [None]
    picture = visualizer.draw(image, sample, draw_gt=False)
    assert has_color(picture, PRED) and not has_color(picture, GT)
    picture = visualizer.draw(image, sample, draw_pred=False)
    assert has_color(picture, GT) and not has_color(picture, PRED)


def test_mask_is_translucent(visualizer, image, sample):
    image[:, ::2] = 100
    inside = below_title(visualizer.draw(image, sample))[150, 140:160]
    assert (inside[:, 2] > inside[:, 0]).all()  # tinted blue
    assert (inside[0] != inside[1]).any()  # the picture shows through


def test_predicted_mask_is_drawn(visualizer, image, sample):
    masks = torch.zeros(2, HEIGHT, WIDTH, dtype=torch.bool)
    masks[1, 60:240, 310:390] = True
    sample.pred_instances.masks = masks
    inside = below_title(visualizer.draw(image, sample))[150, 350]
    assert inside[0] > inside[2]  # tinted orange


def test_soft_mask_gets_its_own_panel(visualizer, image, sample):
    soft = torch.zeros(2, HEIGHT, WIDTH)
    soft[1, 50:250, 300:400] = 1
    sample.pred_instances.soft_masks = soft
    picture = below_title(visualizer.draw(image, sample))
    assert picture.shape[1] == 2 * WIDTH + drawing.GAP
    heat = picture[:, WIDTH + drawing.GAP:].astype(int)
    assert heat[150, 350].sum() > heat[150, 450].sum() + 200
    assert heat[150, 300].tolist() == list(PRED)


def test_canvas_frame_shows_what_is_learned_from(visualizer, image, sample):
    sample.gt_instances.masks = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.bool)
    picture = below_title(visualizer.draw(image, sample, frame='canvas'))
    assert not has_color(picture, PRED) and has_color(picture, GT)
    heat = picture[:, WIDTH + drawing.GAP:].astype(int)
    assert heat[150, 150].sum() > heat[150, 50].sum() + 200


def test_title_is_above_and_grows_with_the_text(visualizer, image, sample):
    short = visualizer.draw(image, sample)
    sample.set_metainfo(dict(text='the cup ' * 40))
    long = visualizer.draw(image, sample)
    assert len(long) > len(short) > HEIGHT
    np.testing.assert_array_equal(below_title(short), below_title(long))


def test_overlap_is_written_for_one_target(visualizer, image, sample, monkeypatch):
    from segvg.visualization import visualizer as module
    seen = []
    monkeypatch.setattr(module, 'draw_picture', lambda image, text, layers, **more: (
        seen.append(([layer.label for layer in layers], more['notes'])), image)[1])
    sample.pred_instances.bboxes[1] = torch.tensor([100., 100, 200, 150])
    visualizer.draw(image, sample)
    sample.image_instances = InstanceData(bboxes=torch.zeros(2, 4),
                                          segmentations=[None] * 2)
    visualizer.draw(image, sample)
    sample.image_instances = InstanceData(bboxes=torch.zeros(0, 4), segmentations=[])
    sample.set_metainfo(dict(no_target=True))
    sample.pred_instances = sample.pred_instances[:0]
    visualizer.draw(image, sample)
    assert seen == [(['target', 'prediction 0.70'], ['IoU 0.50']),
                    (['target', 'prediction 0.70'], []),
                    (['nothing predicted'], ['no target'])]


def test_small_images_are_enlarged():
    picture = draw_picture(np.zeros((30, 60, 3), np.uint8), 'x',
                           [Layer('target', GT, np.array([[30, 10, 40, 20]]))])
    assert picture.shape[1] == drawing.SMALLEST_SIDE
    assert has_color(picture[:, 200:290], GT)


def test_large_images_are_made_smaller_when_asked_for():
    layers = [Layer('target', GT, np.array([[100, 20, 160, 40]]),
                    np.ones((60, 900), bool))]
    image = np.zeros((60, 900, 3), np.uint8)
    assert draw_panels(image, layers).shape == (60, 900, 3)
    small = draw_panels(image, layers, longest_side=450)
    assert small.shape == (30, 450, 3) and small[15, 50].tolist() == list(GT)


@pytest.mark.parametrize(
    'text', ['', 'w' * 300, 'a b c ' * 60, 'näive café 中', 'x\ny'])
def test_any_text_fits(text):
    font = ImageFont.load_default(size=18)
    lines = wrap_text(text, font, 200)
    assert all(font.getlength(line) <= 200 for line in lines)
    assert ''.join(lines).replace(' ', '') == ''.join(text.split())
    draw_picture(np.zeros((40, 40, 3), np.uint8), text, [])


def test_boxes_outside_and_degenerate_are_drawn(image):
    bboxes = np.array([[-50, -50, 900, 900], [10, 10, 10, 10], [30, 30, 30.4, 90]])
    draw_picture(image, 'x', [Layer('target', GT, bboxes)])


def test_picture_is_written_to_a_file(visualizer, image, sample, tmp_path):
    out_file = tmp_path / 'new' / 'picture.png'
    visualizer.add_datasample('x', image, sample, out_file=out_file)
    with Image.open(out_file) as picture:
        np.testing.assert_array_equal(np.array(picture), visualizer.draw(image, sample))


def test_picture_goes_to_the_backends(image, sample, tmp_path):
    visualizer = VISUALIZERS.build(dict(
        type='GroundingVisualizer', name=str(tmp_path), save_dir=str(tmp_path),
        vis_backends=[dict(type=LocalVisBackend)]))
    visualizer.add_datasample('val_3', image, sample, step=7)
    assert [path.name for path in tmp_path.rglob('*.png')] == ['val_3_7.png']


def test_image_alone_is_passed_on(visualizer, image, tmp_path):
    visualizer.add_datasample('x', image, out_file=tmp_path / 'x.png')
    assert Image.open(tmp_path / 'x.png').size == (WIDTH, HEIGHT)


def test_window_is_opened_when_asked_for(visualizer, image, sample, monkeypatch):
    shown = []
    monkeypatch.setattr(visualizer, 'show', lambda picture, win_name, wait_time: (
        shown.append((win_name, wait_time))))
    visualizer.add_datasample('cup', image, sample, show=True, wait_time=2)
    assert shown == [('cup', 2)]


def test_methods_of_mmengine_draw_as_they_do_there(visualizer, image):
    """The figure that they draw on is made for the first of them."""
    assert 'fig_save' not in vars(visualizer)
    pictures = []
    for drawing_one in (visualizer, Visualizer()):
        drawing_one.set_image(image)
        drawing_one.draw_bboxes(np.array([[10, 20, 90, 80]]), edge_colors='r')
        pictures.append(drawing_one.get_image())
    np.testing.assert_array_equal(*pictures)
    assert (pictures[0] != image).any()
    with pytest.raises(AttributeError, match="GroundingVisualizer has no .* 'figure'"):
        visualizer.figure.clear()


def test_unknown_frame_is_an_error(visualizer, image, sample):
    with pytest.raises(ValueError, match="'image' or 'canvas', not 'world'"):
        visualizer.add_datasample('x', image, sample, frame='world')
