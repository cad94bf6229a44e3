"""Sizes of the official sets, which a converter compares with what it read."""
from typing import NamedTuple, Optional


class Counts(NamedTuple):
    """Sizes of a split; None where no official number is known."""

    images: Optional[int]
    refs: Optional[int]
    exprs: Optional[int]


_REFCOCO = dict(
    train=Counts(16_994, 42_404, 120_624), val=Counts(1_500, 3_811, 10_834),
    testA=Counts(750, 1_975, 5_657), testB=Counts(750, 1_810, 5_095))
_REFCOCO_PLUS = dict(
    train=Counts(16_992, 42_278, 120_191), val=Counts(1_500, 3_805, 10_758),
    testA=Counts(750, 1_975, 5_726), testB=Counts(750, 1_798, 4_889))
_REFCOCOG_UMD = dict(
    train=Counts(21_899, 42_226, 80_512), val=Counts(1_300, 2_573, 4_896),
    test=Counts(2_600, 5_023, 9_602))
_REFCOCOG_GOOGLE = dict(
    train=Counts(24_698, 44_822, 85_474), val=Counts(4_650, 5_000, 9_536))
_PHRASECUT = dict(
    train=Counts(71_746, None, 310_816), val=Counts(2_971, None, 20_316),
    test=Counts(2_545, None, 14_354), miniv=Counts(100, None, 821))


def _without_refs(splits: dict[str, Counts]) -> dict[str, Counts]:
    return {split: counts._replace(refs=None) for split, counts in splits.items()}


def _only_exprs(splits: dict[str, Counts]) -> dict[str, Counts]:
    return {split: Counts(None, None, counts.exprs) for split, counts in splits.items()}


def _only_images(splits: dict[str, Counts]) -> dict[str, Counts]:
    return {split: Counts(counts.images, None, None)
            for split, counts in splits.items()}


# name of the canonical data set -> split -> sizes; a + joins splits of which only the
# sum is known
OFFICIAL_COUNTS: dict[str, dict[str, Counts]] = {
    'refcoco_unc': _REFCOCO,
    'refcoco_google': dict(
        train=Counts(19_213, 40_000, None), val=Counts(4_559, 5_000, None),
        test=Counts(4_527, 5_000, None)),
    'refcoco_plus_unc': _REFCOCO_PLUS,
    'refcocog_umd': _REFCOCOG_UMD,
    'refcocog_google': _REFCOCOG_GOOGLE,
    'mdetr_refcoco': _without_refs(_REFCOCO),
    'mdetr_refcoco_plus': _without_refs(_REFCOCO_PLUS),
    'mdetr_refcocog': _without_refs(_REFCOCOG_UMD),
    'mdetr_phrasecut': _PHRASECUT,
    'phrasecut': _PHRASECUT,
    # several releases, on the images of RefCOCO; their numbers of expressions differ
    'grefcoco_unc': _only_images(_REFCOCO),
    'refzom_final': dict(
        train=Counts(43_749, None, None), test=Counts(11_329, None, None)),
    # those of the true sentences
    'rrefcoco_unc': _only_exprs(_REFCOCO),
    'rrefcoco_plus_unc': _only_exprs(_REFCOCO_PLUS),
    'rrefcocog_umd': _only_exprs(_REFCOCOG_UMD),
    'seqtr_refcoco_unc': _without_refs(_REFCOCO),
    'seqtr_refcocoplus_unc': _without_refs(_REFCOCO_PLUS),
    'seqtr_refcocog_umd': _without_refs(_REFCOCOG_UMD),
    'seqtr_refcocog_google': _without_refs(_REFCOCOG_GOOGLE),
    'reftr_refcoco_unc': _only_exprs(_REFCOCO),
    'reftr_refcoco_plus_unc': _only_exprs(_REFCOCO_PLUS),
    'reftr_refcocog_umd': _only_exprs(_REFCOCOG_UMD),
    'reftr_refcocog_google': _only_exprs(_REFCOCOG_GOOGLE),
    'resc_unc': _only_exprs(_REFCOCO),
    'resc_unc_plus': _only_exprs(_REFCOCO_PLUS),
    'resc_gref': _only_exprs(_REFCOCOG_GOOGLE),
    'resc_gref_umd': _only_exprs(_REFCOCOG_UMD),
    'resc_referit': dict(
        train=Counts(None, None, 54_127), val=Counts(None, None, 5_842),
        test=Counts(None, None, 60_103)),
    'flickr30k_entities': dict(
        train=Counts(29_783, None, 148_915), val=Counts(1_000, None, 5_000),
        test=Counts(1_000, None, 5_000)),
    'referit': dict(
        train=Counts(8_995, 44_649, 54_134), val=Counts(1_000, 4_866, 5_842),
        test=Counts(9_994, 49_730, 60_105)),
    'lmms_refcoco': dict(
        val=Counts(None, 8_811, None), test=Counts(None, 5_000, None),
        testA=Counts(None, 1_975, None), testB=Counts(None, 1_810, None)),
    'jxu124_refcoco': dict(
        train=Counts(None, 42_404, None), val=Counts(None, 3_811, None),
        testB=Counts(None, 1_810, None)),
    'jxu124_refcocog': dict(
        train=Counts(None, 42_226, None), val=Counts(None, 2_573, None),
        test=Counts(None, 5_023, None)),
    'refcoco_m': dict(val=Counts(1_190, 2_080, 5_598)),
    'ref_l4': {'val+test': Counts(None, None, 45_341)},
    # the released file of the test split; the paper gives sums, rounded
    'refdrone': dict(test=Counts(1_595, None, 3_432)),
    'ref_adv_s': dict(test=Counts(None, None, 1_142)),
    # the paper gives the sum, 44,738; that of val is in the authors' example of scores
    'hc_refloco': dict(val=Counts(None, None, 13_360),
                       test=Counts(None, None, 31_378)),
    # 9,605 true expressions, 9,814 false ones, and 8,507 about changed images
    'finecops_ref': dict(test=Counts(None, None, 27_926)),
    'd_cube': dict(test=Counts(10_578, None, None)),
    'vg_regions': dict(all=Counts(108_077, None, None)),
    'resc_flickr': dict(
        train=Counts(None, None, 427_193), val=Counts(None, None, 14_433),
        test=Counts(None, None, 14_481)),
}


def compare_counts(expected: Counts, found: Counts) -> dict[str, str]:
    """The sizes that are known and differ, as ``{'refs': '3 instead of 5'}``."""
    return {field: f'{getattr(found, field)} instead of {size}'
            for field, size in expected._asdict().items()
            if size is not None and getattr(found, field) != size}
