"""Hooks of the runner."""
from segvg.engine.hooks.freeze_hook import FreezeHook
from segvg.engine.hooks.provenance_hook import ProvenanceHook
from segvg.engine.hooks.visualization_hook import GroundingVisualizationHook

__all__ = ['FreezeHook', 'GroundingVisualizationHook', 'ProvenanceHook']
