"""Systems that the source documents describe and no package ships."""
