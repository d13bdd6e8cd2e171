"""fetch: download open corpora from their mirrors if `corpora.<name>.fetch` is set.

Outputs of AMI are marked `update`, so a job that runs again keeps a complete file instead of
downloading it again. The other corpora have too many files to be outputs. The marker `.fetched`
shows that a job has found all of them complete; without it, the job checks the files and downloads
only those that are missing or damaged. Downloads run on the submitting machine, because cluster
nodes often have no internet access.
"""

from emospeech.corpora.ami_release import meetings_with, select_meetings
from emospeech.corpora.fetch import AMI_CONTENTS

AMI = config["corpora"]["ami"]
AMI_SOURCE = RELEASES["ami"].source
FETCH_RESOURCES = job_resources(mem_mb=500, runtime=240, downloads=1)
FETCHED = {}  # {corpus: files that its reader waits for}


if AMI["fetch"] and "ami" in CORPORA_IN_USE and not SYNTHETIC:

    with config_errors("corpora.ami."):
        AMI_MEETINGS = select_meetings(
            meetings_with(AMI["stream"]), AMI["meetings"], AMI["partition"]
        )
    AMI_FILE = f"{{meeting}}/audio/{{meeting}}.{AMI['stream']}.wav"
    AMI_WAV = f"{download_folder('ami', 'audio')}/{AMI_FILE}"
    AMI_ANNOTATIONS = download_folder("ami", "annotations")
    AMI_FILES = [f"{AMI_ANNOTATIONS}/{AMI_CONTENTS[0]}", *expand(AMI_WAV, meeting=AMI_MEETINGS)]
    FETCHED["ami"] = ancient(AMI_FILES)

    use rule job as fetch_ami_annotations with:
        output:
            meetings=update(AMI_FILES[0]),
        pathvars:
            job="corpora/fetch_ami_annotations",
        localrule: True
        resources:
            **FETCH_RESOURCES,
        params:
            **script_params("fetch"),
            download={
                "kind": "ami",
                "source": AMI_SOURCE,
                "folder": AMI_ANNOTATIONS,
                "url": AMI["mirror"]["annotations_url"],
            },
        message:
            f"Downloading annotations of {AMI_SOURCE}"

    use rule job as fetch_ami_meeting with:
        output:
            audio=update(AMI_WAV),
        pathvars:
            job="corpora/fetch_ami/{meeting}",
        wildcard_constraints:
            meeting="|".join(AMI_MEETINGS),
        localrule: True
        resources:
            **FETCH_RESOURCES,
        params:
            **script_params("fetch"),
            download=lambda wildcards: {
                "kind": "recording",
                "source": AMI_SOURCE,
                "url": f"{AMI['mirror']['audio_url'].rstrip('/')}/{AMI_FILE.format(**wildcards)}",
            },
        message:
            f"Downloading {{wildcards.meeting}} of {AMI_SOURCE}"


# {corpus: settings of the job that downloads it as a whole}
DOWNLOADS = {}
for corpus, section in config["corpora"].items():
    if corpus in CORPORA_IN_USE and corpus != "ami" and not SYNTHETIC and section.get("fetch"):
        DOWNLOADS[corpus] = {
            "kind": corpus,
            "source": RELEASES[corpus].source,
            "folder": download_folder(corpus, "root"),
            "mirror": section["mirror"],
        }
for corpus, section in config["corpora"]["audformat"].items():
    if corpus in DATABASES and section["database"] is not None:
        make_folder(f"corpora.audformat.{corpus}.folder", section["folder"])
        source = f"{section['database']} {section['version']}"
        keys = ("folder", "database", "version")
        DOWNLOADS[corpus] = {"kind": "database", "source": source} | {
            key: section[key] for key in keys
        }
FETCHED |= {corpus: CORPORA / corpus / ".fetched" for corpus in DOWNLOADS}

if DOWNLOADS:

    use rule job as fetch_corpus with:
        output:
            touch(CORPORA / "{corpus}" / ".fetched"),
        pathvars:
            job="corpora/fetch_{corpus}",
        wildcard_constraints:
            corpus="|".join(DOWNLOADS),
        localrule: True
        threads: 4  # parallel downloads
        resources:
            **FETCH_RESOURCES | {"downloads": 4},
        params:
            **script_params("fetch"),
            download=lambda wildcards: DOWNLOADS[wildcards.corpus],
        message:
            "Downloading {params.download[source]} (progress: {log})"


rule fetch:
    input:
        list(FETCHED.values()),
    localrule: True
    message:
        "Downloaded" if FETCHED else "Nothing to download: set corpora.<name>.fetch to true"
