"""A Slurm cluster with one node, this machine, for tests/test_slurm.py.

`python -m tests.slurm_cluster COMMAND...` runs a command while the cluster is up. It needs root,
and installs the Debian packages of Slurm if they are missing. The configuration is in /etc/slurm,
because Slurm clears SLURM_CONF for jobs. Existing files there are restored at the end.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

CONFIGURATION = Path("/etc/slurm")
PACKAGES = ("munge", "slurm-wlm")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
MARK = "# Written by tests/slurm_cluster.py for the duration of a test.\n"
# Without accounting, squeue must report finished jobs until the end of the tests (MinJobAge). The
# GPUs are empty files: a job that requests one gets it, but finds no device. A cancelled job has
# ten seconds between SIGTERM and SIGKILL (KillWait).
SLURM_CONF = """\
ClusterName=emospeech
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MinJobAge=86400
KillWait=10
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:{cpus}
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE
PartitionName=gpu Nodes=ALL MaxTime=INFINITE
"""
TEXTS = {"slurm.conf": SLURM_CONF, "gres.conf": "Name=gpu File={folder}/gpu[1-{cpus}]\n"}


class NoClusterError(Exception):
    """No Slurm cluster can be started, for the reason in the message."""


def install():
    """Install missing packages; raise if that fails or if a Slurm is already running."""
    if os.geteuid() != 0:
        raise NoClusterError("a Slurm cluster of one node needs root")
    if not all(map(shutil.which, PROGRAMS)):
        if not shutil.which("apt-get"):
            raise NoClusterError(f"{' or '.join(PACKAGES)} is missing, and there is no apt-get")
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(["apt-get", "-qq", *arguments], env=environment)
            if done.returncode != 0:
                raise NoClusterError(f"apt-get {' '.join(arguments)} failed")
    if succeeds("scontrol", "ping"):
        raise NoClusterError("a Slurm is already running on this machine")


def succeeds(*command):
    """Return whether a command succeeds within ten seconds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=10).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def output_of(*command):
    """Return the standard output of a command."""
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def wait_for(condition, what, folder, seconds=60):
    """Wait until a condition holds; raise with the ends of the logs after a timeout."""
    for _ in range(10 * seconds):
        if condition():
            return
        time.sleep(0.1)
    logs = [f"{log}:\n{log.read_text()[-2000:]}" for log in folder.glob("*.log")]
    raise NoClusterError("\n".join([f"{what} in {seconds} s", *logs]))


@contextmanager
def configured(folder):
    """Write the configuration to /etc/slurm, and restore the previous files at the end."""
    cpus = os.cpu_count()
    values = {
        "folder": folder,
        "host": socket.gethostname().split(".")[0],
        "cpus": cpus,
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,  # MiB
    }
    for number in range(1, cpus + 1):
        (folder / f"gpu{number}").touch()
    CONFIGURATION.mkdir(exist_ok=True)
    for name, text in TEXTS.items():
        path = CONFIGURATION / name
        # A file that starts with MARK was left by a killed test.
        if path.exists() and not path.read_text().startswith(MARK):
            path.rename(CONFIGURATION / f"{name}.kept")
        path.write_text(MARK + text.format(**values))
    try:
        yield
    finally:
        for name in TEXTS:
            kept = CONFIGURATION / f"{name}.kept"
            kept.replace(CONFIGURATION / name) if kept.exists() else (CONFIGURATION / name).unlink()


@contextmanager
def daemon(folder, *command, user=None):
    """Run a daemon that logs to a file, until the block or this process ends."""
    credentials = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    wrapper = ["setpriv", *credentials, "--pdeathsig=TERM", "--"]
    with open(folder / f"{command[0]}-output.log", "w") as output:
        process = subprocess.Popen([*wrapper, *command], stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def munge(folder):
    """Run munged, which authenticates Slurm's messages, if it is not running yet."""
    if succeeds("munge", "--no-input"):
        yield
        return
    subprocess.run(["install", "-d", "-o", "munge", "-g", "munge", "/run/munge"], check=True)
    with daemon(folder, "munged", "--foreground", user="munge"):
        wait_for(lambda: succeeds("munge", "--no-input"), "munged did not answer", folder)
        yield


@contextmanager
def cluster():
    """Run a Slurm cluster with this machine as its node, or raise NoClusterError."""
    install()
    idle = ("sinfo", "--noheader", "--partition=cpu", "--format=%T")
    with tempfile.TemporaryDirectory(prefix="slurm-") as name:
        folder = Path(name)
        (folder / "state").mkdir()
        (folder / "spool").mkdir()
        with (
            configured(folder),
            munge(folder),
            daemon(folder, "slurmctld", "-D"),
            daemon(folder, "slurmd", "-D"),
        ):
            wait_for(lambda: output_of(*idle) == "idle", "the node was not idle", folder)
            try:
                yield
            finally:
                output_of("scancel", "--quiet", "--user=root")
                wait_for(lambda: not output_of("squeue", "--noheader"), "jobs did not end", folder)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with cluster():
            return subprocess.run(sys.argv[1:]).returncode
    except NoClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
