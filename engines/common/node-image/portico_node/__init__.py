"""What the programs of all node images share. `fillImageFolders` copies it into each image's folder before a build."""
