// An arrival plan or a search: the charts, and no more.
openPage();
