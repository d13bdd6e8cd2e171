"""fetch: download AMI from its mirror if `corpora.ami.fetch` is set.

Outputs are marked `update`, so a job that runs again keeps a complete file instead of downloading
it again. Downloads run on the submitting machine, because cluster nodes often have no network.
"""

from emospeech.corpora.ami_release import meetings_with, select_meetings

AMI = config["corpora"]["ami"]
AMI_FETCHED = []

if AMI["fetch"] and "ami" in CORPORA_IN_USE and not SYNTHETIC:

    with config_errors("corpora.ami."):
        AMI_MEETINGS = select_meetings(
            meetings_with(AMI["stream"]), AMI["meetings"], AMI["partition"]
        )
    AMI_FILE = f"{{meeting}}/audio/{{meeting}}.{AMI['stream']}.wav"
    AMI_WAV = f"{download_folder('ami', 'audio')}/{AMI_FILE}"
    AMI_FETCHED = [
        f"{download_folder('ami', 'annotations')}/corpusResources/meetings.xml",
        *expand(AMI_WAV, meeting=AMI_MEETINGS),
    ]

    use rule job as fetch_ami_annotations with:
        output:
            meetings=update(AMI_FETCHED[0]),
        pathvars:
            job="corpora/fetch_ami_annotations",
        localrule: True
        resources:
            **job_resources(mem_mb=500, runtime=120, downloads=1),
        params:
            **script_params("fetch_ami_annotations"),
            url=AMI["mirror"]["annotations_url"],

    use rule job as fetch_ami_meeting with:
        output:
            audio=update(AMI_WAV),
        pathvars:
            job="corpora/fetch_ami/{meeting}",
        wildcard_constraints:
            meeting="|".join(AMI_MEETINGS),
        localrule: True
        resources:
            **job_resources(mem_mb=500, runtime=240, downloads=1),
        params:
            **script_params("fetch_ami_meeting"),
            url=f"{AMI['mirror']['audio_url'].rstrip('/')}/{AMI_FILE}",
