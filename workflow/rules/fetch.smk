"""fetch: download open corpora from their mirrors if `corpora.<name>.fetch` is set.

Outputs of AMI are marked `update`, so a job that runs again keeps a complete file instead of
downloading it again. The other corpora have too many files to be outputs. The marker `.fetched` in
their folder shows that a job has found all of them complete; without it, the job checks the files
and downloads only those that are missing or damaged. Downloads run on the submitting machine,
because cluster nodes often have no network.
"""

from emospeech.corpora.ami_release import meetings_with, select_meetings
from emospeech.corpora.fetch import AMI_CONTENTS, QUECHUA_CONTENTS

AMI = config["corpora"]["ami"]
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
    FETCHED["ami"] = [
        f"{AMI_ANNOTATIONS}/{AMI_CONTENTS[0]}",
        *expand(AMI_WAV, meeting=AMI_MEETINGS),
    ]

    use rule job as fetch_ami_annotations with:
        output:
            meetings=update(FETCHED["ami"][0]),
        pathvars:
            job="corpora/fetch_ami_annotations",
        localrule: True
        resources:
            **FETCH_RESOURCES,
        params:
            **script_params("fetch"),
            kind="archive",
            source=SOURCES["ami"],
            folder=AMI_ANNOTATIONS,
            contents=AMI_CONTENTS,
            url=AMI["mirror"]["annotations_url"],
        message:
            f"Downloading annotations of {SOURCES['ami']}"

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
            kind="recording",
            source=SOURCES["ami"],
            url=f"{AMI['mirror']['audio_url'].rstrip('/')}/{AMI_FILE}",
        message:
            f"Downloading {{wildcards.meeting}} of {SOURCES['ami']}"


if config["corpora"]["crema_d"]["fetch"] and not SYNTHETIC:
    CREMA_D = download_folder("crema_d", "root")
    FETCHED["crema_d"] = f"{CREMA_D}/.fetched"

    use rule job as fetch_crema_d with:
        output:
            touch(FETCHED["crema_d"]),
        pathvars:
            job="corpora/fetch_crema_d",
        localrule: True
        threads: 4  # parallel downloads
        resources:
            **FETCH_RESOURCES | {"downloads": 4},
        params:
            **script_params("fetch"),
            kind="crema_d",
            source=SOURCES["crema_d"],
            folder=CREMA_D,
            mirror=config["corpora"]["crema_d"]["mirror"],
        message:
            f"Downloading {SOURCES['crema_d']} (progress: {{log}})"


if config["corpora"]["quechua"]["fetch"] and not SYNTHETIC:
    QUECHUA = download_folder("quechua", "root")
    FETCHED["quechua"] = f"{QUECHUA}/.fetched"

    use rule job as fetch_quechua with:
        output:
            touch(FETCHED["quechua"]),
        pathvars:
            job="corpora/fetch_quechua",
        localrule: True
        resources:
            **FETCH_RESOURCES,
        params:
            **script_params("fetch"),
            kind="archive",
            source=SOURCES["quechua"],
            folder=QUECHUA,
            contents=QUECHUA_CONTENTS,
            url=config["corpora"]["quechua"]["mirror"]["archive_url"],
        message:
            f"Downloading {SOURCES['quechua']}"


PUBLISHED = {
    corpus: section
    for corpus, section in config["corpora"]["audformat"].items()
    if corpus in DATABASES and section["database"] is not None
}
LOADED = {corpus: CORPORA / corpus / ".loaded" for corpus in PUBLISHED}  # markers

if PUBLISHED:
    for corpus, section in PUBLISHED.items():
        make_folder(f"corpora.audformat.{corpus}.folder", section["folder"])

    use rule job as fetch_database with:
        output:
            touch(CORPORA / "{corpus}" / ".loaded"),
        pathvars:
            job="corpora/fetch_{corpus}",
        wildcard_constraints:
            corpus="|".join(PUBLISHED),
        localrule: True
        threads: 4  # parallel downloads
        resources:
            **FETCH_RESOURCES | {"downloads": 4},
        params:
            **script_params("fetch"),
            kind="database",
            source=lambda wildcards: "{database} {version}".format(**PUBLISHED[wildcards.corpus]),
            folder=lambda wildcards: PUBLISHED[wildcards.corpus]["folder"],
            database=lambda wildcards: PUBLISHED[wildcards.corpus]["database"],
            version=lambda wildcards: PUBLISHED[wildcards.corpus]["version"],
        message:
            "Downloading {params.source} with audb (progress: {log})"
