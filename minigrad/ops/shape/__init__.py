"""Operations that give the same elements another shape, order or number of copies."""
