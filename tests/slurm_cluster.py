"""A Slurm cluster of one node on this machine, for tests/test_slurm.py: set up, started, stopped.

`python -m tests.slurm_cluster COMMAND...` runs a command beside it. It needs root, and Debian's
packages, which it installs where they are missing. Slurm reads its configuration in /etc/slurm,
since it clears SLURM_CONF for jobs; what lies there is kept and comes back.
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
OURS = "# Written by tests/slurm_cluster.py for the length of a test.\n"
# Without accounting, squeue must remember jobs to the end of the tests (MinJobAge). The GPUs are
# empty files: jobs that ask for one are granted it, and find none. A job that is ended gets a
# signal, and ten seconds to do as it says (KillWait).
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
    """No Slurm can be started here; the text says why."""


def install():
    """Install what is missing; raise where that cannot be done, or where a Slurm runs already."""
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
    if answers("scontrol", "ping"):
        raise NoClusterError("a Slurm runs here already, and is not ours to stop")


def answers(*command):
    """Return whether a command ends well, within ten seconds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=10).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def told(*command):
    """Return what a command writes."""
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def wait_for(condition, what, folder, seconds=60):
    """Wait until a condition holds; raise with the ends of the logs where it does not."""
    for _ in range(10 * seconds):
        if condition():
            return
        time.sleep(0.1)
    ends = [f"{log}:\n{log.read_text()[-2000:]}" for log in folder.glob("*.log")]
    raise NoClusterError("\n".join([f"{what} in {seconds} s", *ends]))


@contextmanager
def configured(folder):
    """Write the configuration in /etc/slurm; put back what was there, or nothing, at the end."""
    cpus = os.cpu_count()
    filled = {
        "folder": folder,
        "host": socket.gethostname().split(".")[0],
        "cpus": cpus,
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,  # MiB
    }
    for number in range(1, cpus + 1):
        (folder / f"gpu{number}").touch()
    CONFIGURATION.mkdir(exist_ok=True)
    for name, text in TEXTS.items():
        place = CONFIGURATION / name
        if place.exists() and not place.read_text().startswith(OURS):  # ours is of a killed test
            place.rename(CONFIGURATION / f"{name}.kept")
        place.write_text(OURS + text.format(**filled))
    try:
        yield
    finally:
        for name in TEXTS:
            kept = CONFIGURATION / f"{name}.kept"
            kept.replace(CONFIGURATION / name) if kept.exists() else (CONFIGURATION / name).unlink()


@contextmanager
def daemon(folder, *command, user=None):
    """Run a daemon, its output in a log; it ends with the block, or when this process is killed."""
    credentials = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    bound = ["setpriv", *credentials, "--pdeathsig=TERM", "--"]
    with open(folder / f"{command[0]}-output.log", "w") as output:
        process = subprocess.Popen([*bound, *command], stdout=output, stderr=output)
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
    """Run munged, which signs Slurm's messages, where none runs yet."""
    if answers("munge", "--no-input"):
        yield
        return
    subprocess.run(["install", "-d", "-o", "munge", "-g", "munge", "/run/munge"], check=True)
    with daemon(folder, "munged", "--foreground", user="munge"):
        wait_for(lambda: answers("munge", "--no-input"), "munged did not answer", folder)
        yield


@contextmanager
def cluster():
    """Run a Slurm cluster of this machine.

    Raises NoClusterError where there is no root, no package to install, or a Slurm already.
    """
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
            wait_for(lambda: told(*idle) == "idle", "the node did not come up", folder)
            try:
                yield
            finally:
                told("scancel", "--quiet", "--user=root")
                wait_for(lambda: not told("squeue", "--noheader"), "jobs did not end", folder)


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
