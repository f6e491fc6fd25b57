"""Models that read messages: sentiment, intent and satisfaction.

The server hands such a model Unicode code points and nothing else. What a gram is, where it lies in the table, how grams are weighed
and what the sum means is all inside the ONNX graph, so there is no tokenizer to keep in step. `grams.py` and `table.py` say the same
in numpy, for fitting, and the tests hold the two together.
"""
