rule x:
    output:
        REPORT / "index.html",
