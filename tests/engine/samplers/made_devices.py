"""Devices that are not there: an exporter's page, a program and a module that stand in for them."""

from __future__ import annotations

import socket
import stat
from collections.abc import Callable
from pathlib import Path

# Two GPUs of one host, as dcgm-exporter writes them; the second one's energy is not told.
EXPORTER = """# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{{gpu="0",UUID="GPU-aa",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="node7"}} 90
DCGM_FI_DEV_GPU_UTIL{{gpu="1",UUID="GPU-bb",device="nvidia1",modelName="NVIDIA H100 80GB HBM3",Hostname="node7"}} 70
# TYPE DCGM_FI_DEV_FB_USED gauge
DCGM_FI_DEV_FB_USED{{gpu="0",UUID="GPU-aa",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="node7"}} 60000
# TYPE DCGM_FI_DEV_FB_FREE gauge
DCGM_FI_DEV_FB_FREE{{gpu="0",UUID="GPU-aa",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="node7"}} 20000
# TYPE DCGM_FI_DEV_POWER_USAGE gauge
DCGM_FI_DEV_POWER_USAGE{{gpu="0",UUID="GPU-aa",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="node7"}} 500.5
DCGM_FI_DEV_POWER_USAGE{{gpu="1",UUID="GPU-bb",device="nvidia1",modelName="NVIDIA H100 80GB HBM3",Hostname="node7"}} 300
# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{gpu="0",UUID="GPU-aa",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="node7"}} {energy_mj}
some_other_metric 1
"""

NPUS = """+------------------------------------------------------------------------------------------------+
| npu-smi 24.1.rc2                 Version: 24.1.rc2                                             |
+---------------------------+---------------+----------------------------------------------------+
| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
| Chip                      | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
+===========================+===============+====================================================+
| 0     910B3               | OK            | 190.2       46                0    / 0             |
| 0                         | 0000:C1:00.0  | 87          0    / 0          54152/ 65536         |
+===========================+===============+====================================================+
| 1     910B3               | Warning       | NA          44                0    / 0             |
| 0                         | 0000:01:00.0  | 12          0    / 0          3336 / 65536         |
+===========================+===============+====================================================+
+---------------------------+---------------+----------------------------------------------------+
| NPU     Chip              | Process id    | Process name             | Process memory(MB)      |
+===========================+===============+====================================================+
| 0       0                 | 1234          | python                   | 50000                   |
| No running processes found in NPU 1                                                            |
+===========================+===============+====================================================+
"""

PYNVML = """
NVML_TEMPERATURE_GPU = 0
asked = 0
class NVMLError(Exception): pass
class NotSupported(NVMLError): pass
class Figures:
    def __init__(self, **figures): self.__dict__.update(figures)
def nvmlInit(): pass
def nvmlShutdown(): pass
def nvmlDeviceGetCount(): return 1
def nvmlDeviceGetHandleByIndex(index): return f"handle {index}"
def nvmlDeviceGetName(handle): return b"NVIDIA L4"
def nvmlDeviceGetUtilizationRates(handle): return Figures(gpu=55, memory=20)
def nvmlDeviceGetMemoryInfo(handle): return Figures(used=5 << 30, total=24 << 30, free=19 << 30)
def nvmlDeviceGetPowerUsage(handle): return 72_500
def nvmlDeviceGetTotalEnergyConsumption(handle): raise NotSupported()
def nvmlDeviceGetTemperature(handle, sensor): return 61
"""


def exporter(figures: Callable[[int], str]) -> Callable[[socket.socket, int], None]:
    """Answers the n-th request of all with `figures(n)`, for tests.native.servers.serving."""
    answered = 0

    def handle(client: socket.socket, number: int) -> None:
        nonlocal answered
        while client.recv(65536):
            body = figures(answered).encode()
            answered += 1
            client.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )

    return handle


def energies(number: int) -> str:
    """1,000 J more at each reading."""
    return EXPORTER.format(energy_mj=5_000_000_000 + number * 1_000_000)


def install_npu_smi(folder: Path, script: str = "") -> Path:
    """A program npu-smi in `folder`, that prints NPUS or does what `script` says."""
    folder.mkdir(exist_ok=True)
    path = folder / "npu-smi"
    table = folder / "table"
    table.write_text(NPUS)
    script = script or f'test "$*" = info && cat {table}'
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


def install_pynvml(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pynvml.py").write_text(PYNVML)
    return folder
