"""Normalization: rows, groups or channels brought to a common scale, and the gradients of that."""

from npimpl.normalization.channels import batch_norm, batch_norm_backward
from npimpl.normalization.groups import group_norm, group_norm_backward, instance_norm, instance_norm_backward
from npimpl.normalization.layer import layer_norm, layer_norm_backward, rms_norm, rms_norm_backward
from npimpl.normalization.response import local_response_norm, local_response_norm_backward

__all__ = [
    "batch_norm",
    "batch_norm_backward",
    "group_norm",
    "group_norm_backward",
    "instance_norm",
    "instance_norm_backward",
    "layer_norm",
    "layer_norm_backward",
    "local_response_norm",
    "local_response_norm_backward",
    "rms_norm",
    "rms_norm_backward",
]
