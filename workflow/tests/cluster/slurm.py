"""A Slurm cluster of this machine's own: its daemons on loopback, its files in one folder."""

import getpass
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
# normal and gpu are the profile's partitions; jobs of spot give way to those of urgent; gpu3 is to fail
NODES = {"cpu1": 0, "gpu1": 4, "gpu2": 1, "gpu3": 1}
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# a job that is put back waits as long as its credential lives, 120 s by default
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
# memory is watched, and a job that takes too much is killed
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
# nodes may claim more than the machine has
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=2
# jobs are remembered for the tests
MinJobAge=3600
ReturnToService=2
GresTypes=gpu
{nodes}
PartitionName=normal Nodes=cpu1 Default=YES
PartitionName=gpu Nodes=gpu1
PartitionName=spot Nodes=gpu2 PriorityTier=1
PartitionName=urgent Nodes=gpu2 PriorityTier=2
PartitionName=flaky Nodes=gpu3
"""


class Cluster:
    """A running cluster; its commands work with `environment`.

    Parameters
    ----------
    folder
        Empty folder for all that the daemons write.

    Raises
    ------
    RuntimeError
        If the daemons do not come up within a minute; it tells what they logged.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._processes: list[subprocess.Popen] = []
        configuration = folder / "slurm.conf"
        # the executor's job steps drop SLURM_CONF, which a cluster with /etc/slurm never needs
        srun = folder / "bin/srun"
        srun.parent.mkdir()
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={configuration} exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)
        path = f"{srun.parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "SLURM_CONF": str(configuration), "PATH": path}
        try:
            self._start(configuration)
        except BaseException:
            self.stop()
            raise

    def _start(self, configuration: Path) -> None:
        for name in ("state", *NODES):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(1024))
        ports = _free_ports(1 + len(NODES))
        host = socket.gethostname().split(".")[0]
        nodes, devices = [], ["AutoDetect=off"]
        for (node, gpus), port in zip(NODES.items(), ports[1:], strict=True):
            gres = f"Gres=gpu:{gpus} " if gpus else ""
            nodes.append(
                f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
                f"CPUs=4 RealMemory=400000 {gres}State=UNKNOWN"
            )
            for number in range(gpus):
                # no device, but Slurm counts it as one
                device = self.folder / f"{node}_gpu{number}"
                device.touch()
                devices.append(f"NodeName={node} Name=gpu File={device}")
        configuration.write_text(
            CONFIGURATION.format(
                host=host,
                port=ports[0],
                user=getpass.getuser(),
                folder=self.folder,
                nodes="\n".join(nodes),
            ),
            encoding="utf-8",
        )
        (self.folder / "gres.conf").write_text("\n".join(devices) + "\n")
        self._daemon(
            *("munged", "--foreground", "--force", f"--key-file={key}"),
            *(f"--socket={self.folder}/munge.socket", f"--seed-file={self.folder}/munge.seed"),
            *(f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/munged.log"),
        )
        self.wait((self.folder / "munge.socket").exists, "munged", 60)
        self._daemon("slurmctld", "-D", "-c")
        for node in NODES:
            self._daemon("slurmd", "-D", "-N", node)
        self.wait(self._ready, "nodes", 60)

    def _ready(self) -> bool:
        states = self.run("sinfo", "--noheader", "--Node", "--format=%T").split()
        return set(states) == {"idle"}

    def _daemon(self, *command: str) -> None:
        with (self.folder / f"{len(self._processes)}_{command[0]}.log").open("w") as log:
            self._processes.append(
                subprocess.Popen(
                    command, env=self.environment, stdout=log, stderr=subprocess.STDOUT
                )
            )

    def run(self, *command: str) -> str:
        """Run a command of Slurm and return what it prints; nothing if it fails."""
        done = subprocess.run(
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return "" if done.returncode else done.stdout

    def jobs(self) -> list[dict[str, str]]:
        """What Slurm remembers of all jobs, by its own names, such as JobState and Partition."""
        lines = self.run("scontrol", "--oneliner", "--details", "show", "jobs").splitlines()
        return [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines if "JobId=" in line]

    def wait(self, reached: Callable[[], object], what: str, seconds: float) -> None:
        """Wait until something is true."""
        end = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > end:
                logs = "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))
                raise RuntimeError(f"waited {seconds} s for {what}\n{logs}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End all jobs, then the daemons, and nothing else."""
        try:
            self.run("scancel", f"--user={getpass.getuser()}")
            self.wait(lambda: not self.run("squeue", "--noheader"), "jobs to end", 20)
        finally:
            for process in reversed(self._processes):
                process.terminate()
            for process in self._processes:
                process.wait()


def _free_ports(number: int) -> list[int]:
    """Ports that nothing listened on a moment ago."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
