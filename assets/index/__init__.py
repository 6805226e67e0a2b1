"""The evaluation indices: specification, members, scores, robustness, frozen years."""
