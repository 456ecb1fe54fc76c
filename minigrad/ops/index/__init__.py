"""Operations that pick elements, rows and slices, and that put them back."""
