"""Qwen2.5-VL, 7B, as published."""
_base_ = ['./foundation.py']
model = dict(
    type='Qwen25VL',
    dtype='bfloat16',
    name='Qwen/Qwen2.5-VL-7B-Instruct')
