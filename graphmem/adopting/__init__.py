"""Taking over what another memory engine holds, with where it comes from and when it was true.

Reading (`mem0`, `mem0_graph`, `mem0_vectors`, `mem0_history`) turns stores into `records`; `matching` and `names` are
pure; `facts` makes what is to be written; `writing` writes it through the ledger. No chat model is asked.
"""

from graphmem.adopting.mem0 import Mem0Source
from graphmem.adopting.method import Adoption
from graphmem.adopting.report import AdoptReport, Count, Skipped
from graphmem.adopting.writing import adopt

__all__ = ["AdoptReport", "Adoption", "Count", "Mem0Source", "Skipped", "adopt"]
