"""From audio to spectrogram frames, and the store that holds them with the word times."""
