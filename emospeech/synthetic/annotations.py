"""The text files of IEMOCAP's form: labels, single raters, transcriptions and alignments."""

from emospeech.synthetic.draws import generator

HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"


def evaluation_text(turns, rated):
    """Return the label file of a dialogue: a block for each turn with the averages and raters.

    `turns` are rows of the plan and `rated` the `Rated` of each, both in the order of time.
    """
    return HEADER + "".join(map(_block, turns, rated))


def _block(turn, rated):
    averages = ", ".join(f"{value:.4f}" for value in rated.bracket)
    rows = [f"[{turn.start:.4f} - {turn.end:.4f}]\t{turn.utterance}\t{turn.emotion}\t[{averages}]"]
    for rater, names, comment in (*rated.categories, *rated.self_categories):
        rows.append(f"C-{rater}:\t{'; '.join(names)};\t({comment})")
    for row in (*rated.ratings, *rated.self_ratings):
        numbers = f"val {row.valence}; act {row.activation}; dom  {_shown(row.dominance)};"
        rows.append(f"A-{row.rater}:\t{numbers}\t({row.comment})")
    return "\n".join(rows) + "\n\n"


def _shown(number):
    return "" if number is None else number


def _reversed(number):
    return "" if number is None else 6 - number


def attribute_text(rows):
    """Return one rater's file of numbers; `rows` are pairs of an utterance and its Rating.

    Valence and activation stand on the REVERSED scale, 6 - value.
    """
    return "".join(
        f"{utterance} :act {_reversed(row.activation)}; :val {_reversed(row.valence)}; "
        f":dom {_shown(row.dominance)}; ({row.comment})\n"
        for utterance, row in rows
    )


def categorical_text(rows):
    """Return one rater's file of emotions; `rows` are (utterance, names, comment)."""
    return "".join(
        f"{utterance} {' '.join(f':{name};' for name in names)} ({comment})\n"
        for utterance, names, comment in rows
    )


def raters_files(dialogue, turns, rated):
    """Return {path under EmoEvaluation: text} of the files that hold one rater's view each."""
    numbers, names = {}, {}
    for turn, about in zip(turns, rated, strict=True):
        for row in (*about.ratings, *about.self_ratings):
            numbers.setdefault(row.rater, []).append((turn.utterance, row))
        for rater, *row in (*about.categories, *about.self_categories):
            names.setdefault(rater, []).append((turn.utterance, *row))
    files = {}
    for rows, folder, ending, text in (
        (numbers, "Attribute", "atr", attribute_text),
        (names, "Categorical", "cat", categorical_text),
    ):
        for rater, found in sorted(rows.items()):
            own = folder if rater.startswith("E") else "Self-evaluation"
            files[f"{own}/{dialogue}_{rater.lower()}_{ending}.txt"] = text(sorted(found, key=_name))
    return files


def _name(row):
    return row[0]


def transcription_line(turn, spellings):
    """Return a turn's line of the transcription, with the words `spellings` or a sound."""
    text = " ".join(spellings).capitalize() + "." if spellings else "[LAUGHTER]"
    return f"{turn.utterance} [{turn.start:08.4f}-{turn.end:08.4f}]: {text}\n"


def wdseg_text(segments, seed, utterance):
    """Return an alignment by words: frames of 10 ms, the last one inclusive."""
    rows = [(segment.start, segment.end, segment.label) for segment in segments]
    return _alignment("\t SFrm  EFrm    SegAScr Word\n", rows, generator(seed, "score", utterance))


def _alignment(header, rows, rng):
    scores = -rng.integers(20_000, 90_000, len(rows)) * [end - start for start, end, _ in rows]
    lines = [
        f"\t{start:5d} {end - 1:5d} {score:10d} {label}\n"
        for (start, end, label), score in zip(rows, scores, strict=True)
    ]
    return f"{header}{''.join(lines)} Total score: {scores.sum():>11d}\n"


def phseg_text(segments, seed, utterance):
    """Return an alignment by phones; a stop's closure and burst are one phone."""
    rows = []
    for segment in segments:
        for phone, bound in zip(segment.phones, segment.bounds, strict=False):
            start = round(bound)
            if rows and rows[-1][1] is None and rows[-1][2] == phone.symbol:
                continue
            if rows:
                rows[-1][1] = start
            rows.append([start, None, phone.symbol])
    rows[-1][1] = segments[-1].end
    rows = [row for row in rows if row[1] > row[0]]
    return _alignment("\t SFrm  EFrm  SegAScr Phone\n", rows, generator(seed, "score", utterance))


def syseg_text(segments, seed, utterance):
    """Return an alignment by syllables, each named by its phones."""
    rows = []
    for segment in segments:
        first = 0
        for count in segment.syllables:
            symbols = dict.fromkeys(p.symbol for p in segment.phones[first : first + count])
            start, end = round(segment.bounds[first]), round(segment.bounds[first + count])
            rows.append((start, max(end, start + 1), "_".join(symbols)))
            first += count
    return _alignment("\t SFrm  EFrm  SegAScr Syl\n", rows, generator(seed, "score", utterance))
