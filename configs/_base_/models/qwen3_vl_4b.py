"""Qwen3-VL, 4B, as published."""
_base_ = ['./foundation.py']
model = dict(
    type='Qwen3VL',
    dtype='bfloat16',
    name='Qwen/Qwen3-VL-4B-Instruct')
