"""jobs: the template with the directives that all jobs share. A rule only states what differs.

Its pathvar `job` names its log and its benchmark file, and `script_params()` its script.
"""


rule job:
    log:
        "<logs>/<job>.log",
    benchmark:
        "<benchmarks>/<job>.tsv"
    conda:
        ENVIRONMENT
    resources:
        **job_resources(),
    message:
        "{rule} {wildcards}"
    script:
        "../scripts/{params.script}.py"
