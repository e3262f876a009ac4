"""Reads the event file that gradus_nn writes with TensorBoard's own reader and compares what it finds.

The file is what `EventWriter` writes in its test (crates/nn/src/fit/tensorboard.rs; BLESS=1 writes it anew).
Run with tensorboard 2.21 (protobuf 7.36, numpy 2.4): python tests/reference/tensorboard_check.py
"""

import pathlib

import tensorboard
from tensorboard.backend.event_processing import event_accumulator, event_file_loader

folder = pathlib.Path(__file__).parent / "tensorboard"
(path,) = folder.glob("events.out.tfevents.*")

# The loader checks lengths and checksums of every record; a damaged one ends it early.
events = list(event_file_loader.LegacyEventFileLoader(str(path)).Load())
assert [e.step for e in events] == [0, 100, 200, 300, 1 << 40, 201, 300], events
assert events[0].file_version == "brain.Event:2" and events[0].wall_time == 1_700_000_000.5

curves = event_accumulator.EventAccumulator(str(folder)).Reload()
assert sorted(curves.Tags()["scalars"]) == ["epoch/loss", "step/größe"], curves.Tags()
points = [(e.step, e.value) for e in curves.Scalars("epoch/loss")]
# The run went on after step 200: what an earlier file said of step 300 is dropped.
assert points == [(100, 1.0), (200, 0.5), (300, 0.25)], points
assert curves.Scalars("step/größe") == [], curves.Scalars("step/größe")
print("tensorboard", tensorboard.__version__, "reads", len(events), "events:", points)
