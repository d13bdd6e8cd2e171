"""spectrograms: the store of a corpus, from its audio and words."""

AUDIO = {"iemocap": IEMOCAP} | ({"ami": AMI_AUDIO} if "ami" in UNLABELLED else {})


use rule job as extract_spectrograms with:
    input:
        recordings=CORPORA / "{corpus}" / "recordings.csv",
        words=CORPORA / "{corpus}" / "words.csv",
        audio=lambda wildcards: AUDIO[wildcards.corpus],
    output:
        store=SPECTROGRAMS / "{corpus}.h5",
        summary=SPECTROGRAMS / "{corpus}.json",
    pathvars:
        job="spectrograms/{corpus}",
    threads: 8
    resources:
        **job_resources(mem_mb=4000, runtime=240),
    params:
        **script_params("extract_spectrograms"),
        settings=config["spectrograms"],
    message:
        "Extracting the spectrograms of {wildcards.corpus}"
