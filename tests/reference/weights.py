"""Small files of weights as PyTorch and NumPy write them, with what this library should make of them.

Written with torch 2.15 and numpy: python tests/reference/weights.py
`weights.pth` (a state dictionary within a dictionary), `weights.npz` (deflated, with Fortran order) and
`weights.safetensors` hold the same tensors; `weights_output.safetensors` holds an input and the output.
"""

import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

torch.manual_seed(0)
folder = pathlib.Path(__file__).parent


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(5, 6)
        self.conv = torch.nn.Conv1d(6, 4, 3, padding=1)
        self.norm = torch.nn.BatchNorm1d(4)
        self.attention = torch.nn.MultiheadAttention(4, 2, batch_first=True)
        self.out = torch.nn.Linear(4, 3)

    def forward(self, ids):
        h = self.norm(self.conv(self.embed(ids).transpose(1, 2))).transpose(1, 2)
        return self.out(self.attention(h, h, h, need_weights=False)[0])


net = Net()
ids = torch.tensor([[0, 1, 2, 3, 4, 0, 2]])
net(ids)  # the running statistics are no zeros and ones
net.eval()
state = dict(net.state_dict())
# A view that is not contiguous, 16 bits, and integers.
state["turned"] = torch.arange(6.0).reshape(2, 3).T
state["half"] = torch.tensor([1.5, -2.0], dtype=torch.bfloat16)
torch.save({"model": state, "epoch": 3, "rate": 0.1, "names": ["a", ("b", None)]}, folder / "weights.pth")
plain = {name: tensor.float().numpy() if tensor.is_floating_point() else tensor.numpy() for name, tensor in state.items()}
plain["turned"] = np.asfortranarray(plain["turned"])
np.savez_compressed(folder / "weights.npz", **plain)
save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "weights.safetensors")
with torch.no_grad():
    save_file({"ids": ids, "output": net(ids)}, folder / "weights_output.safetensors")
print("torch", torch.__version__, "numpy", np.__version__)
