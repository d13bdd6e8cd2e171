"""fetch: AMI from its mirror, where the config asks for it.

Downloaded files are marked `update`, so that a job that runs again finds its file and keeps it
instead of downloading gigabytes; the study that uses it is not run again either. Jobs run where
snakemake does, since nodes of a cluster often have no network.
"""

AMI_FETCHED = []

if (
    config["corpora"]["ami"]["fetch"]
    and "ami" in UNLABELLED
    and not manifest_folder("ami")
    and not EMBEDDED
):

    AMI = config["corpora"]["ami"]
    AMI_MEETINGS = meetings_to_fetch(AMI)
    AMI_WAV = f"{made_folder('ami', 'audio')}/{{meeting}}/audio/{{meeting}}.{AMI['stream']}.wav"
    AMI_FETCHED = [
        f"{made_folder('ami', 'annotations')}/corpusResources/meetings.xml",
        *expand(AMI_WAV, meeting=AMI_MEETINGS),
    ]

    rule fetch_ami_annotations:
        output:
            meetings=update(AMI_FETCHED[0]),
        log:
            log_of("corpora/fetch_ami_annotations"),
        benchmark:
            benchmark_of("corpora/fetch_ami_annotations")
        localrule: True
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=growing(500),
            runtime=growing(120),
            downloads=1,
        params:
            url=AMI["mirror"]["annotations_url"],
            code=code("fetch_ami_annotations.py"),
        message:
            "Fetching the annotations of AMI"
        script:
            "../scripts/fetch_ami_annotations.py"

    rule fetch_ami_meeting:
        output:
            audio=update(AMI_WAV),
        log:
            log_of("corpora/fetch_ami/{meeting}"),
        benchmark:
            benchmark_of("corpora/fetch_ami/{meeting}")
        wildcard_constraints:
            meeting="|".join(AMI_MEETINGS),
        localrule: True
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=growing(500),
            runtime=growing(240),
            downloads=1,
        params:
            url=f"{AMI['mirror']['audio_url'].rstrip('/')}/{{meeting}}/audio/"
            f"{{meeting}}.{AMI['stream']}.wav",
            code=code("fetch_ami_meeting.py"),
        message:
            "Fetching {wildcards.meeting}"
        script:
            "../scripts/fetch_ami_meeting.py"
