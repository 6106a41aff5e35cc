"""What a plug-in offers. Each kind is one small abstract class; a plug-in is one file.

A plug-in never reads a clock around a saver call: ``bench.measure.timing`` does that for all of
them, so that none can time itself differently from the others.
"""

from bench.contracts.fault import Disturbance, Fault, FaultTarget, LinkControl
from bench.contracts.plugin import Loop, PluginOptions, Reporter
from bench.contracts.probe import OutsideProbe, Probe, ReadingKind, WorkerProbe
from bench.contracts.server import (
    NAMESPACE,
    OWN_VARIABLES,
    DataTemplate,
    Endpoint,
    Leftover,
    OpenLink,
    Server,
    ServerControl,
    finish,
    new_namespace,
)
from bench.contracts.subject import (
    ALL_WRITES,
    CHECKPOINT_WRITES,
    Checkout,
    CountedCalls,
    Place,
    Stored,
    StoredTable,
    Subject,
)
from bench.contracts.workload import (
    Client,
    ExpectedThread,
    Payload,
    ThreadTruth,
    TrueCheckpoint,
    Workload,
    WrongRead,
    namespace_names,
)
from bench.scenario.interface import CHECKPOINT_SAVER, REVISION, SESSION_STORE, Interface
