# Fails where pytorch's CUDA build was asked for, by a driver that is here or by a version, and
# another one came: conda takes the CPU build where none fits that version.
asked=${CONDA_OVERRIDE_CUDA-$(cat /proc/driver/nvidia/version 2>/dev/null)}
[ -z "$asked" ] || ls "$CONDA_PREFIX"/conda-meta/pytorch-[0-9]*cuda*.json >/dev/null 2>&1 || {
    echo "CUDA was asked for ($asked), but pytorch came without it. Set CONDA_OVERRIDE_CUDA to the"
    echo "version that nvidia-smi shows on a GPU node, or to nothing for the CPU build"
    exit 1
}
